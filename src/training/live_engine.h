// llama.cpp on the weights that are trained, with the adapter as it is now: both map the same file, so that there is
// one copy of the weights in memory.
#pragma once

#include "llm/engine.h"
#include "nn/checkpoint.h"
#include "nn/model.h"

#include <filesystem>
#include <memory>

namespace yanxing::training {

class LiveEngine {
public:
  // `base`: the GGUF file that `model` is of. Error: it is none.
  static Result<LiveEngine> open(const std::filesystem::path &base, int threads, int context_tokens);
  LiveEngine(LiveEngine &&) = default;
  LiveEngine &operator=(LiveEngine &&) = default;
  ~LiveEngine();

  // The engine with the model's adapter; a new one each time, since everything computed before is stale then. Error: an
  // adapter that llama.cpp does not know (DoRA).
  Result<std::unique_ptr<llm::Engine>> with_adapter_of(const nn::Model &model) const;

private:
  LiveEngine(std::filesystem::path base, nn::Checkpoint checkpoint, std::filesystem::path folder, int threads,
             int context_tokens);
  std::filesystem::path base_;
  nn::Checkpoint checkpoint_;
  std::filesystem::path folder_; // of the adapter on its way
  int threads_;
  int context_tokens_;
};

} // namespace yanxing::training
