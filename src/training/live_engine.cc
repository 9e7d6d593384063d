#include "training/live_engine.h"

#include "nn/adapter.h"
#include "nn/adapter_gguf.h"

#include <unistd.h>

namespace yanxing::training {
namespace fs = std::filesystem;

LiveEngine::LiveEngine(fs::path base, nn::Checkpoint checkpoint, fs::path folder, int threads, int context_tokens)
    : base_(std::move(base)), checkpoint_(std::move(checkpoint)), folder_(std::move(folder)), threads_(threads),
      context_tokens_(context_tokens) {}

LiveEngine::~LiveEngine() {
  std::error_code ignored;
  if (!folder_.empty()) { // not moved from
    fs::remove_all(folder_, ignored);
  }
}

Result<LiveEngine> LiveEngine::open(const fs::path &base, int threads, int context_tokens) {
  auto checkpoint = nn::Checkpoint::open(base);
  if (!checkpoint) {
    return checkpoint.error();
  }
  if (!checkpoint->is_gguf()) {
    return Error{"grpo draws completions with llama.cpp, which reads GGUF files, and " + base.string() + " is a folder",
                 "Turn it into one with 'yanxing export --model " + base.string() + " --to_gguf true'"};
  }
  auto folder = fs::temp_directory_path() / ("yanxing-live-adapter-" + std::to_string(::getpid()));
  return LiveEngine(base, std::move(*checkpoint), std::move(folder), threads, context_tokens);
}

Result<std::unique_ptr<llm::Engine>> LiveEngine::with_adapter_of(const nn::Model &model) const {
  llm::EngineSettings settings{threads_, context_tokens_, {}};
  if (model.has_adapter()) {
    if (auto saved = model.save_adapter(folder_, base_.string()); !saved) {
      return saved.error();
    }
    const auto adapter = nn::read_adapter(folder_);
    if (!adapter) {
      return adapter.error();
    }
    settings.adapter = folder_ / "adapter.gguf";
    if (auto written = nn::write_adapter_gguf(settings.adapter, *adapter, checkpoint_); !written) {
      return written.error();
    }
  }
  return llm::Engine::open(base_, settings);
}

} // namespace yanxing::training
