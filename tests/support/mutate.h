// Damaged variants of valid bytes, the same ones in every run: what a foreign file may hold after a broken transfer, or
// in the hands of somebody who means harm.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace yanxing::fuzz {

enum class Form { kBytes, kText };

class Mutator {
public:
  Mutator(std::string whole, Form form, std::uint64_t seed) : whole_(std::move(whole)), form_(form), random_(seed) {}

  // Damaged in one place mostly, in several now and then.
  std::string next() {
    std::string bytes = whole_;
    const std::size_t damages = below(4) == 0 ? 2 + below(6) : 1;
    for (std::size_t i = 0; i < damages; ++i) {
      form_ == Form::kText &&below(2) == 0 ? damage_text(bytes) : damage_bytes(bytes);
    }
    return bytes;
  }

private:
  // std::uniform_int_distribution may differ from one standard library to the next.
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  template <class Item, std::size_t kCount> const Item &one_of(const std::array<Item, kCount> &items) {
    return items[below(kCount)];
  }
  // Headers decide most, so every other damage falls among the first bytes.
  std::size_t place(const std::string &bytes) {
    constexpr std::size_t kHeaderBytes = 256;
    return below(below(2) == 0 ? std::min(bytes.size(), kHeaderBytes) : bytes.size());
  }
  std::pair<std::size_t, std::size_t> span(const std::string &bytes) { // place and length
    constexpr std::size_t kShort = 16;
    const auto at = place(bytes);
    const auto rest = bytes.size() - at;
    return {at, std::min(rest, 1 + below(below(2) == 0 ? kShort : rest))};
  }

  void damage_bytes(std::string &bytes) {
    enum { kFlip, kOverwrite, kInteger, kCut, kDelete, kDuplicate, kMove, kNoise, kKinds };
    switch (bytes.empty() ? std::size_t{kNoise} : below(kKinds)) {
    case kFlip:
      bytes[place(bytes)] ^= static_cast<char>(1U << below(8));
      break;
    case kOverwrite:
      overwrite(bytes);
      break;
    case kInteger:
      replace_integer(bytes);
      break;
    case kCut:
      bytes.resize(place(bytes));
      break;
    case kDelete: {
      const auto [at, length] = span(bytes);
      bytes.erase(at, length);
      break;
    }
    case kDuplicate:
      duplicate(bytes);
      break;
    case kMove: {
      const auto [at, length] = span(bytes);
      const auto moved = bytes.substr(at, length);
      bytes.erase(at, length);
      bytes.insert(bytes.empty() ? 0 : place(bytes), moved);
      break;
    }
    default:
      insert_noise(bytes);
    }
  }

  void overwrite(std::string &bytes) {
    const auto [at, length] = span(bytes);
    const auto kind = below(3);
    for (std::size_t i = at; i < at + length; ++i) {
      bytes[i] = kind == 0 ? '\0' : kind == 1 ? '\xFF' : static_cast<char>(random_());
    }
  }

  // A field of 2, 4 or 8 bytes, in either byte order.
  void replace_integer(std::string &bytes) {
    const auto width = one_of(std::array<std::size_t, 3>{2, 4, 8});
    if (bytes.size() < width) {
      return;
    }
    const std::uint64_t most = ~std::uint64_t{0} >> (64 - 8 * width);
    const auto value =
        one_of(std::array<std::uint64_t, 7>{0, 1, most, most - 1, (most >> 1U) + 1, most >> 1U, most >> (4 * width)});
    std::string field;
    for (std::size_t i = 0; i < width; ++i) {
      field += static_cast<char>(value >> (8 * i));
    }
    if (below(2) == 0) {
      std::reverse(field.begin(), field.end());
    }
    const auto at = std::min(place(bytes), bytes.size() - width);
    bytes.replace(at - at % (below(2) == 0 ? width : 1), width, field);
  }

  void duplicate(std::string &bytes) {
    constexpr std::size_t kMostCopies = 200;
    constexpr std::size_t kMostGrowth = 4096;
    const auto [at, length] = span(bytes);
    const auto copied = bytes.substr(at, length);
    const auto copies = below(4) == 0 ? std::min(kMostCopies, 1 + kMostGrowth / length) : 1;
    std::string all;
    for (std::size_t i = 0; i < copies; ++i) {
      all += copied;
    }
    bytes.insert(at, all);
  }

  void insert_noise(std::string &bytes) {
    std::string noise(1 + below(16), '\0');
    for (auto &byte : noise) {
      byte = static_cast<char>(random_());
    }
    bytes.insert(bytes.empty() ? 0 : place(bytes), noise);
  }

  void damage_text(std::string &text) {
    static const std::array<std::string, 12> kNumbers{"0",
                                                      "-1",
                                                      "1e999",
                                                      "-1e308",
                                                      "1e-999",
                                                      "2147483648",
                                                      "4294967295",
                                                      "-9223372036854775809",
                                                      "18446744073709551615",
                                                      "99999999999999999999999999",
                                                      "0.5",
                                                      std::string(400, '9')};
    // A lone byte, an overlong form, a surrogate, one past the last code point, a cut character, NUL, a byte order
    // mark.
    static const std::array<std::string, 7> kForeign{
        "\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE4\xB8", std::string(1, '\0'), "\xEF\xBB\xBF"};
    constexpr std::string_view kDigits = "0123456789";
    constexpr std::string_view kBrackets = "[]{}()<>\"',:;";
    switch (below(4)) {
    case 0:
      if (const auto at = found(text, kDigits); at != std::string::npos) {
        const auto end = std::min(text.find_first_not_of(kDigits, at), text.size());
        text.replace(at, end - at, one_of(kNumbers));
      }
      break;
    case 1:
      if (const auto at = found(text, kBrackets); at != std::string::npos) {
        text.erase(at, 1);
      }
      break;
    case 2:
      if (const auto at = found(text, kBrackets); at != std::string::npos) {
        text.insert(at, 1, text[at]);
      }
      break;
    default:
      text.insert(text.empty() ? 0 : place(text), one_of(kForeign));
    }
  }

  // The first of these characters at or after a random place.
  std::size_t found(const std::string &text, std::string_view characters) {
    const auto at = text.empty() ? std::string::npos : text.find_first_of(characters, below(text.size()));
    return at != std::string::npos ? at : text.find_first_of(characters);
  }

  std::string whole_;
  Form form_;
  std::mt19937_64 random_;
};

} // namespace yanxing::fuzz
