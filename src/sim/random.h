// Random numbers that are the same on every machine for the same seed (the standard library's distributions are not).
// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace yanxing::sim {

class Random {
public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // An independent stream for the part `index` of what `seed` makes.
  Random(std::uint64_t seed, std::uint64_t index) : state_(seed * 0x9E3779B97F4A7C15ULL ^ mixed(index + 1)) { next(); }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    return mixed(state_);
  }
  // 0 … count-1; count > 0.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  // low … high, both included.
  long between(long low, long high) { return low + static_cast<long>(below(static_cast<std::size_t>(high - low) + 1)); }
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }
  template <class T> const T &pick(const std::vector<T> &from) { return from[below(from.size())]; }
  template <class T> void shuffle(std::vector<T> &items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[below(i)]);
    }
  }

private:
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  std::uint64_t state_;
};

} // namespace yanxing::sim
