// One language model in memory with one sequence of tokens in its KV cache. `hold` makes the cache contain exactly
// the given tokens and computes only what differs from what is there, so a stable prefix costs nothing from turn to
// turn; `distribution_after` tells what may follow. Not thread-safe: one caller at a time.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::llm {

using Token = std::int32_t;

struct EngineSettings {
  int threads = 2;
  int context_tokens = 8192;
  std::filesystem::path adapter; // LoRA GGUF; empty: none
};

// Tells model and adapter files apart without reading gigabytes: name, size, leading and last bytes hashed.
std::string fingerprint_of(const std::filesystem::path &file);

class Engine {
public:
  // Errors: missing, truncated or foreign file, not enough memory.
  static Result<std::unique_ptr<Engine>> open(const std::filesystem::path &gguf, const EngineSettings &settings);
  ~Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  // `special`: <|im_start|> and the like become their single tokens. Text from users or the screen must be
  // tokenised with special = false, so that it cannot forge a turn.
  [[nodiscard]] std::vector<Token> tokenize(std::string_view text, bool special) const;
  [[nodiscard]] const std::string &piece(Token token) const; // bytes; "" for special tokens
  [[nodiscard]] int vocabulary_size() const;
  [[nodiscard]] int context_tokens() const;
  [[nodiscard]] bool ends_turn(Token token) const;
  [[nodiscard]] Token end_of_turn() const;

  struct Work {
    int reused = 0;   // tokens that were in the cache
    int computed = 0; // tokens that were computed
  };
  // Afterwards the cache holds `tokens` (all of them, unless stopped). Stops between batches when asked to; what has
  // been computed until then stays useful for the next call. The distribution after the last token is kept, and those
  // after the first `wanted[i]` tokens that had to be computed.
  Result<Work> hold(std::span<const Token> tokens, const std::stop_token &stop = {},
                    std::span<const std::size_t> wanted = {});
  [[nodiscard]] std::size_t held_tokens() const;
  // Distribution after `tokens` (vocabulary_size() logits), where the cache begins with them and it was kept; else
  // empty. Valid until the next hold.
  [[nodiscard]] std::span<const float> distribution_after(std::span<const Token> tokens) const;

  // The cache's state for the first `tokens`, kept in a file: a long prefix is computed once per machine.
  Status save_prefix(const std::filesystem::path &file) const;
  // True where the file held exactly these tokens for this model; then they are in the cache.
  bool load_prefix(const std::filesystem::path &file, std::span<const Token> tokens);

  // Of the weights and the adapter; keys cached prefixes.
  [[nodiscard]] const std::string &fingerprint() const;

private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::llm
