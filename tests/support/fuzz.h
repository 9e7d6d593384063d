// Feeds a parser with damaged input and holds it to what every parser here promises: it ends soon, throws nothing,
// takes no more memory than its input can justify, and says what is wrong.
#pragma once

#include "base/files.h"
#include "base/result.h"
#include "support/mutate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#ifdef __SANITIZE_ADDRESS__
// Of the sanitizer's allocator_interface.h, which Debian's compiler does not bring.
extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, std::size_t),
                                              void (*on_free)(const volatile void *));
std::size_t __sanitizer_get_allocated_size(const volatile void *block);
}
#endif

namespace yanxing::fuzz {

// Variants of each input: a few hundred in every run of the tests, as many as YANXING_FUZZ_ROUNDS says in a long one.
inline int rounds() {
  constexpr int kUsual = 300;
  const char *wanted = std::getenv("YANXING_FUZZ_ROUNDS"); // NOLINT(concurrency-mt-unsafe): nothing here sets it
  return wanted != nullptr ? std::max(1, std::atoi(wanted)) : kUsual;
}

// The most memory held at once since it was made, by this program and the libraries it calls. The sanitizer tells;
// without it, always 0.
class MemoryWatch {
public:
  MemoryWatch() {
#ifdef __SANITIZE_ADDRESS__
    [[maybe_unused]] static const int kInstalled = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
#endif
    held_ = 0;
    most_ = 0;
  }
  [[nodiscard]] static std::size_t most_bytes() { return static_cast<std::size_t>(most_.load()); }

private:
#ifdef __SANITIZE_ADDRESS__
  static void on_malloc(const volatile void * /*block*/, std::size_t bytes) {
    const auto held = held_ += static_cast<std::int64_t>(bytes);
    auto most = most_.load();
    while (held > most && !most_.compare_exchange_weak(most, held)) {
    }
  }
  static void on_free(const volatile void *block) {
    held_ -= block != nullptr ? static_cast<std::int64_t>(__sanitizer_get_allocated_size(block)) : 0;
  }
#endif
  static inline std::atomic<std::int64_t> held_{0};
  static inline std::atomic<std::int64_t> most_{0};
};

// A folder for variants of files, gone at the end. Unlike write_file it does not wait for the disk.
class Scratch {
public:
  Scratch() {
    auto pattern = (std::filesystem::temp_directory_path() / "yanxing-fuzz-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path &path() const { return path_; }
  std::filesystem::path write(const std::string &name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

// True where there is a value; an error must say something.
template <class Value> bool told(const Result<Value> &result) {
  if (!result.ok()) {
    EXPECT_FALSE(result.error().what.empty());
  }
  return result.ok();
}

inline std::string bytes_of(const std::filesystem::path &file) {
  auto bytes = read_file(file);
  EXPECT_TRUE(bytes.ok()) << file;
  return bytes.ok() ? *bytes : std::string{};
}

struct Limits {
  // Memory that parsing n bytes may take: `times` · n + `beside`.
  std::size_t times = 64;
  std::size_t beside = 16U << 20U;
  std::chrono::seconds longest{5}; // in a build without optimisation, with sanitizers
  int rounds_for_one = 1;          // what takes long is done once for so many rounds
};

// `parse` is given the whole input, then rounds() variants of it.
template <class Parse> void survives(const std::string &whole, Form form, const Parse &parse, Limits limits = {}) {
  using Clock = std::chrono::steady_clock;
  Mutator mutator(whole, form, whole.size());
  const int last = rounds() / limits.rounds_for_one;
  for (int round = 0; round <= last && !testing::Test::HasFailure(); ++round) { // one failure is enough to look at
    const auto input = round == 0 ? whole : mutator.next();
    SCOPED_TRACE("round " + std::to_string(round));
    const MemoryWatch watch;
    const auto started = Clock::now();
    try {
      parse(input);
    } catch (const std::exception &thrown) {
      ADD_FAILURE() << "threw: " << thrown.what();
    }
    EXPECT_LE(MemoryWatch::most_bytes(), limits.times * input.size() + limits.beside);
    EXPECT_LT(Clock::now() - started, limits.longest);
    if (testing::Test::HasFailure()) {
      constexpr std::size_t kShown = 2000;
      ADD_FAILURE() << "the input begins with: " << testing::PrintToString(input.substr(0, kShown));
    }
  }
}

} // namespace yanxing::fuzz
