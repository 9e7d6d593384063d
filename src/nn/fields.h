// Reads a checkpoint's description field by field. The first thing that is wrong is kept, so that a family file reads
// its fields one after another and asks once at the end.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace yanxing::nn {

class Fields {
public:
  // `prefix` goes before every name ("qwen2." in GGUF); `where` names the file in errors. `object` must outlive this.
  Fields(const Json &object, std::string prefix, std::string where)
      : object_(object), prefix_(std::move(prefix)), where_(std::move(where)) {}

  // A whole number from 1 to 2^31 − 1.
  std::int64_t size(const std::string &name);
  std::int64_t size_or(const std::string &name, std::int64_t otherwise); // also where it is null or 0
  float number(const std::string &name);
  float number_or(const std::string &name, float otherwise);
  bool flag_or(const std::string &name, bool otherwise);
  std::string text_or(const std::string &name, const std::string &otherwise);
  [[nodiscard]] const Json *find(const std::string &name) const; // nullptr: absent or null
  void fail(const std::string &what);

  [[nodiscard]] const std::optional<Error> &error() const { return error_; }
  [[nodiscard]] const std::string &where() const { return where_; }

private:
  const Json &object_;
  std::string prefix_;
  std::string where_;
  std::optional<Error> error_;
};

} // namespace yanxing::nn
