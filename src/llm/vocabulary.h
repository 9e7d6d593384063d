// The tokens of a model (a GGUF file, or a Hugging Face folder with tokenizer.json) without its weights: what training
// data is written in. Opening takes a fraction of a second and little memory. Safe to share between threads.
#pragma once

#include "base/result.h"
#include "llm/engine.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace yanxing::llm {

class Vocabulary {
public:
  // Errors: missing, truncated or foreign file.
  static Result<std::unique_ptr<Vocabulary>> open(const std::filesystem::path &model);
  ~Vocabulary();
  Vocabulary(const Vocabulary &) = delete;
  Vocabulary &operator=(const Vocabulary &) = delete;

  // The same tokens as Engine::tokenize of this model.
  [[nodiscard]] std::vector<Token> tokenize(std::string_view text, bool special) const;
  [[nodiscard]] std::string piece(Token token) const; // its bytes; special tokens by their names
  [[nodiscard]] Token end_of_turn() const;
  [[nodiscard]] int size() const;

private:
  static Result<std::unique_ptr<Vocabulary>> open_gguf(const std::filesystem::path &gguf);
  struct Impl;
  explicit Vocabulary(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::llm
