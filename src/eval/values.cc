#include "eval/values.h"

#include "text/evidence.h"
#include "text/normalize.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

namespace yanxing::eval {
namespace {

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

// One spelling for all ways to write a text. The language decides how number words are read.
std::string canonical(const std::string &text) {
  return without_spaces(text::fold(text::normalize_transcript(text, language_of(text))));
}

std::optional<double> number_in(const std::string &text) {
  double value = 0;
  const auto *end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<double> number_of(const Json &value) {
  if (value.is_number()) {
    return value.get<double>();
  }
  if (!value.is_string()) {
    return std::nullopt;
  }
  const auto &text = value.get_ref<const std::string &>();
  const auto plain = number_in(text);
  return plain ? plain : number_in(canonical(text));
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)}); }

bool same_text(const std::string &a, const std::string &b) {
  return a == b || without_spaces(text::fold(a)) == without_spaces(text::fold(b)) || canonical(a) == canonical(b);
}

// The acceptable values where `expected` is a choice of several, else null.
const Json *alternatives(const Json &expected, const Parameter *parameter) {
  if (expected.is_object() && expected.size() == 1 && expected.begin().key() == "any_of" &&
      expected.begin().value().is_array()) {
    return &expected.begin().value();
  }
  const bool takes_one = parameter != nullptr && parameter->type != "array" && parameter->type != "object";
  return expected.is_array() && takes_one ? &expected : nullptr;
}

bool is_nothing(const Json &value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string &>().empty());
}

bool same_list(const Json &expected, const Json &given) {
  return given.is_array() && expected.size() == given.size() &&
         std::equal(expected.begin(), expected.end(), given.begin(),
                    [](const Json &a, const Json &b) { return accepts(a, b, nullptr); });
}

bool same_object(const Json &expected, const Json &given) {
  if (!given.is_object()) {
    return false;
  }
  for (const auto &[key, value] : expected.items()) {
    const auto found = given.find(key);
    if (found == given.end() ? !may_be_absent(value, nullptr) : !accepts(value, *found, nullptr)) {
      return false;
    }
  }
  return std::all_of(given.items().begin(), given.items().end(),
                     [&](const auto &member) { return expected.contains(member.key()); });
}

} // namespace

bool same_value(const Json &expected, const Json &given) {
  if (expected.is_array()) {
    return same_list(expected, given);
  }
  if (expected.is_object()) {
    return same_object(expected, given);
  }
  if (const auto a = number_of(expected), b = number_of(given); a && b) {
    return close(*a, *b);
  }
  if (expected.is_boolean() || given.is_boolean()) {
    const auto word = [](const Json &v) { return v.is_string() ? text::fold(v.get<std::string>()) : v.dump(); };
    return word(expected) == word(given);
  }
  if (expected.is_string() && given.is_string()) {
    return same_text(expected.get<std::string>(), given.get<std::string>());
  }
  return expected == given;
}

bool may_be_absent(const Json &expected, const Parameter *parameter) {
  if (const auto *options = alternatives(expected, parameter)) {
    return std::any_of(options->begin(), options->end(), is_nothing);
  }
  return expected.is_null();
}

bool accepts(const Json &expected, const Json &given, const Parameter *parameter) {
  if (const auto *options = alternatives(expected, parameter)) {
    return std::any_of(options->begin(), options->end(), [&](const Json &option) { return same_value(option, given); });
  }
  return same_value(expected, given);
}

} // namespace yanxing::eval
