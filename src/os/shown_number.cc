#include "os/shown_number.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace yanxing::os {
namespace {

bool drop_prefix(std::string_view &text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

bool drop_suffix(std::string_view &text, std::string_view suffix) {
  if (!text.ends_with(suffix)) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

void drop_currency(std::string_view &text) {
  for (const std::string_view sign : {"¥", "￥", "$", "€", "£"}) {
    while (drop_prefix(text, " ")) {
    }
    if (drop_prefix(text, sign)) {
      while (drop_prefix(text, " ")) {
      }
      return;
    }
  }
}

} // namespace

std::optional<double> shown_number(std::string_view text) {
  while (drop_prefix(text, " ")) {
  }
  while (drop_suffix(text, " ")) {
  }
  bool negative = false;
  if (text.size() > 2 && text.front() == '(' && text.back() == ')') { // accounting format
    negative = true;
    text = text.substr(1, text.size() - 2);
  }
  drop_currency(text);
  if (drop_prefix(text, "-") || drop_prefix(text, "−")) {
    negative = !negative;
  } else {
    drop_prefix(text, "+");
  }
  drop_currency(text);
  const bool percent = drop_suffix(text, "%") || drop_suffix(text, "％");
  // Thousands separators are believed only in groups of three, so that "1,2" is not 12.
  std::string digits;
  const std::size_t point = std::min(text.find('.'), text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      digits += text[i];
    } else if (i == 0 || i > point || (point - i) % 4 != 0 || (digits.size() > 3 && text.find(',') == i)) {
      return std::nullopt;
    }
  }
  if (digits.empty() || digits.size() > 64 || (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9'))) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return (negative ? -value : value) / (percent ? 100 : 1);
}

} // namespace yanxing::os
