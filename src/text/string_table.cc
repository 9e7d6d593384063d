#include "text/string_table.h"

#include "base/files.h"
#include "base/json.h"

namespace yanxing::text {
namespace {

using Visit = std::function<void(const std::string &, const std::string &, const std::string &)>;

// nlohmann's SAX interface: names and signatures are its own.
class Strings final : public nlohmann::json_sax<Json> {
public:
  explicit Strings(const Visit &visit) : visit_(visit) {}

  bool null() override { return depth_ > 0; }
  bool boolean(bool) override { return depth_ > 0; }
  bool number_integer(number_integer_t) override { return depth_ > 0; }
  bool number_unsigned(number_unsigned_t) override { return depth_ > 0; }
  bool number_float(number_float_t, const string_t &) override { return depth_ > 0; }
  bool binary(binary_t &) override { return false; }
  bool string(string_t &text) override {
    if (depth_ > 0) {
      visit_(key_, inner_, text);
    }
    return depth_ > 0;
  }
  bool key(string_t &text) override {
    (depth_ == 1 ? key_ : inner_) = text;
    return true;
  }
  bool start_object(std::size_t) override { return ++depth_ <= kDeepest; }
  bool start_array(std::size_t) override { return depth_ > 0 && ++depth_ <= kDeepest; }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t at, const std::string &, const nlohmann::detail::exception &) override {
    error_at_ = at;
    return false;
  }
  [[nodiscard]] std::size_t error_at() const { return error_at_; }

private:
  static constexpr int kDeepest = 4;
  bool leave() {
    --depth_;
    inner_.clear();
    return true;
  }

  const Visit &visit_;
  std::string key_;
  std::string inner_;
  int depth_ = 0;
  std::size_t error_at_ = 0;
};

} // namespace

Status for_each_string(const std::filesystem::path &file, const Visit &visit) {
  constexpr std::uintmax_t kMostBytes = 64ULL << 20U;
  const auto bytes = read_file(file, kMostBytes);
  if (!bytes) {
    return bytes.error();
  }
  Strings strings(visit);
  if (!Json::sax_parse(*bytes, &strings)) {
    return Error{file.string() + " is not a table of strings (byte " + std::to_string(strings.error_at()) + ")",
                 "Fetch it again with 'yanxing pull'"};
  }
  return {};
}

} // namespace yanxing::text
