// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): names for what is kept, no protection against forgery.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yanxing {

class Fnv1a {
public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
  }
  // 16 hexadecimal digits
  [[nodiscard]] std::string hex() const {
    std::string digits;
    for (unsigned shift = 64; shift > 0; shift -= 4) {
      digits += "0123456789abcdef"[(hash_ >> (shift - 4)) & 0xFU];
    }
    return digits;
  }

private:
  std::uint64_t hash_ = 14695981039346656037ULL;
};

} // namespace yanxing
