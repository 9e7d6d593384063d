// One language model being served: many requests at a time share its weights, its batches and its KV cache. Behind it
// is llama.cpp's server core: slots, continuous batching, chunked prefill, prefix cache, chat templates, tool calls,
// JSON schemas as grammars. Only its .cc and tool_chat, tool_calls include it.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "server/http.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace yanxing::server {

struct Adapter {
  std::string name;           // under which requests ask for it
  std::filesystem::path file; // LoRA GGUF
};

struct LanguageModelSettings {
  std::string name;
  std::filesystem::path weights;   // GGUF
  std::filesystem::path projector; // mmproj GGUF of a vision or audio model; empty: text only
  std::vector<Adapter> adapters;
  int slots = 4;              // requests that are worked on at the same time; others wait in line
  int context_tokens = 16384; // of all slots together, shared as they need it
  int chunk_tokens = 128;     // of a long prompt that are computed before the others get their next token
  int threads = 2;
  int cache_mib = 512;     // prompts kept in memory for requests that begin the same
  bool embeddings = false; // gives vectors instead of text
};

class LanguageModel : public std::enable_shared_from_this<LanguageModel> {
public:
  // Errors: missing, damaged or foreign file, an adapter of another model, not enough memory.
  static Result<std::shared_ptr<LanguageModel>> load(const LanguageModelSettings &settings);
  // Waits for nothing: requests hold the model (shared_ptr) until they are answered.
  ~LanguageModel();
  LanguageModel(const LanguageModel &) = delete;
  LanguageModel &operator=(const LanguageModel &) = delete;

  enum class Task {
    kChat,
    kCompletion,
    kResponses,
    kMessages,
    kCountMessages, // tokens of a kMessages request
    kEmbeddings,
    kTokenize,
    kDetokenize,
    kTemplate, // {"prompt"} of a chat request
    kMetrics   // Prometheus text
  };
  // `body`: the request in the JSON of its API. The answer, or the stream of it, in the same API's. Thread-safe; blocks
  // until the answer, or the first piece of a stream, is there, or `gone` says that nobody waits. What goes wrong is a
  // response with an error in OpenAI's shape.
  Response ask(Task task, const std::string &body, const std::function<bool()> &gone);

  struct Facts {
    bool sees = false;  // takes image_url
    bool hears = false; // takes input_audio
    int context_tokens = 0;
    int vocabulary = 0; // tokens are 0 … vocabulary - 1
    std::uint64_t parameters = 0;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] const Facts &facts() const;
  [[nodiscard]] const LanguageModelSettings &settings() const;
  // Which of `settings().adapters`; -1 where there is none of that name.
  [[nodiscard]] int adapter(const std::string &name) const;

private:
  struct Impl;
  explicit LanguageModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace yanxing::server
