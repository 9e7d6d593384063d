// The message itself: RFC 5322 with one attachment (RFC 2045). Names and subjects come from speech, from the screen and
// from address books, so none of them may end a header line or pose as a second address.
#include "action/mail.h"
#include "action/template.h"
#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <ctime>
#include <random>
#include <string_view>

namespace yanxing::action {
namespace {

std::string base64(std::string_view bytes, std::size_t line_length) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + bytes.size() / 24 + 8);
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const auto left = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= left ? kAlphabet[(group >> (18U - 6U * k)) & 0x3FU] : '=';
    }
    column += 4;
    if (line_length > 0 && column >= line_length && i + 3 < bytes.size()) {
      out += "\r\n";
      column = 0;
    }
  }
  return out;
}

// A header value must not hold a line break: whatever is said or shown cannot add a header.
std::string one_line(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  return text;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// RFC 2047: an encoded word has at most 75 characters, and no character is split between two.
std::string encoded_words(const std::string &text) {
  constexpr std::size_t kBytesAWord = 45; // 60 characters in base64, and 12 around them
  std::string out;
  std::string part;
  const auto flush = [&] {
    out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64(part, 0)) + "?=";
    part.clear();
  };
  for (const char32_t c : text::to_code_points(text)) {
    const auto bytes = text::to_utf8(std::u32string_view(&c, 1));
    if (part.size() + bytes.size() > kBytesAWord) {
      flush();
    }
    part += bytes;
  }
  if (!part.empty()) {
    flush();
  }
  return out;
}

constexpr std::size_t kLongestPlainHeader = 200; // a line may have 998; longer ones are folded as encoded words

std::string unstructured(const std::string &text) {
  const auto clean = one_line(text);
  const bool plain = is_ascii(clean) && clean.find("=?") == std::string::npos && clean.size() <= kLongestPlainHeader;
  return plain ? clean : encoded_words(clean);
}

// The name before an address: quoted, so that "Lee, John" or "<x@y>" stays a name.
std::string display_name(const std::string &text) {
  const auto clean = one_line(text);
  if (!is_ascii(clean) || clean.find("=?") != std::string::npos || clean.size() > kLongestPlainHeader) {
    return encoded_words(clean);
  }
  std::string quoted = "\"";
  for (const char c : clean) {
    quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  }
  return quoted + "\"";
}

std::string random_token(std::size_t length) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string out;
  for (std::size_t i = 0; i < length; ++i) {
    out += kLetters[random() % kLetters.size()];
  }
  return out;
}

// English whatever the locale is (RFC 5322, section 3.3).
std::string date_now() {
  static constexpr std::array<const char *, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char *, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 64> rest{};
  std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S %z", &local);
  return std::string(kDays[static_cast<std::size_t>(local.tm_wday)]) + ", " + std::to_string(local.tm_mday) + " " +
         kMonths[static_cast<std::size_t>(local.tm_mon)] + rest.data();
}

std::string with_crlf(const std::string &text) {
  std::string out;
  for (const char c : text) {
    out += c == '\n' ? "\r\n" : c == '\r' ? "" : std::string{c};
  }
  return out;
}

std::string line(std::string_view key, const std::string &value) { return std::string(key) + ": " + value + "\r\n"; }

} // namespace

std::string compose(const Letter &letter, const std::string &from) {
  const auto boundary = "=_yanxing_" + random_token(24);
  const auto sender = one_line(from);
  const auto at = sender.rfind('@');
  const auto domain = at == std::string::npos || at + 1 == sender.size() ? "localhost" : sender.substr(at + 1);
  std::string message = line(kEnvelopeHeader, one_line(letter.to)); // first: nothing said can come before it
  message += line("From", "<" + sender + ">");
  message +=
      line("To", (letter.to_name.empty() ? "" : display_name(letter.to_name) + " ") + "<" + one_line(letter.to) + ">");
  message += line("Subject", unstructured(letter.subject));
  message += line("Date", date_now());
  message += line("Message-ID", "<" + random_token(24) + "@" + domain + ">");
  message += line("MIME-Version", "1.0");
  message += line("Content-Type", "multipart/mixed; boundary=\"" + boundary + "\"") + "\r\n";
  message += "--" + boundary + "\r\n" + line("Content-Type", "text/plain; charset=utf-8");
  message += line("Content-Transfer-Encoding", "base64") + "\r\n" + base64(with_crlf(letter.text), 76) + "\r\n";
  if (!letter.attachment.name.empty()) {
    const auto name = url_escaped(one_line(letter.attachment.name)); // RFC 2231
    message += "--" + boundary + "\r\n";
    message += line("Content-Type", one_line(letter.attachment.type) + ";\r\n name*=UTF-8''" + name);
    message += line("Content-Disposition", "attachment;\r\n filename*=UTF-8''" + name);
    message += line("Content-Transfer-Encoding", "base64") + "\r\n" + base64(letter.attachment.bytes, 76) + "\r\n";
  }
  return message + "--" + boundary + "--\r\n";
}

} // namespace yanxing::action
