#include "nn/fields.h"

#include <limits>

namespace yanxing::nn {

const Json *Fields::find(const std::string &name) const {
  if (!object_.is_object()) {
    return nullptr;
  }
  const auto found = object_.find(prefix_ + name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void Fields::fail(const std::string &what) {
  if (!error_) {
    error_ = Error{where_ + ": " + what, "Is it the description of a supported model?"};
  }
}

std::int64_t Fields::size(const std::string &name) {
  const auto *value = find(name);
  if (value == nullptr || !value->is_number_integer() || value->get<std::int64_t>() < 1 ||
      value->get<std::int64_t>() > std::numeric_limits<std::int32_t>::max()) {
    fail(prefix_ + name + (value == nullptr ? " is missing" : " is no size"));
    return 1;
  }
  return value->get<std::int64_t>();
}

std::int64_t Fields::size_or(const std::string &name, std::int64_t otherwise) {
  const auto *value = find(name);
  return value == nullptr || *value == 0 ? otherwise : size(name);
}

float Fields::number(const std::string &name) {
  const auto *value = find(name);
  if (value == nullptr || !value->is_number()) {
    fail(prefix_ + name + (value == nullptr ? " is missing" : " is no number"));
    return 1.0F;
  }
  return value->get<float>();
}

float Fields::number_or(const std::string &name, float otherwise) {
  return find(name) == nullptr ? otherwise : number(name);
}

bool Fields::flag_or(const std::string &name, bool otherwise) {
  const auto *value = find(name);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_boolean()) {
    fail(prefix_ + name + " is neither true nor false");
    return otherwise;
  }
  return value->get<bool>();
}

std::string Fields::text_or(const std::string &name, const std::string &otherwise) {
  const auto *value = find(name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : otherwise;
}

} // namespace yanxing::nn
