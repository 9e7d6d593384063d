#include "llm/vocabulary.h"

#include "base/log.h"
#include "llm/end_of_turn.h"
#include "llm/tokenizer_json.h"

#include <llama-cpp.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <unistd.h>

namespace yanxing::llm {
namespace {

void stay_silent_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(
        [](ggml_log_level level, const char *text, void * /*unused*/) {
          if (level == GGML_LOG_LEVEL_ERROR) {
            log_debug(text);
          }
        },
        nullptr);
  });
}

} // namespace

struct Vocabulary::Impl {
  llama_model_ptr model;
  const llama_vocab *vocab = nullptr;
};

Vocabulary::Vocabulary(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Vocabulary::~Vocabulary() = default;

Result<std::unique_ptr<Vocabulary>> Vocabulary::open(const std::filesystem::path &model) {
  namespace fs = std::filesystem;
  std::error_code code;
  if (!fs::is_directory(model, code)) {
    return open_gguf(model);
  }
  std::string pattern = (fs::temp_directory_path() / "yanxing-vocabulary-XXXXXX").string();
  const int handle = ::mkstemp(pattern.data());
  if (handle < 0) {
    return Error{"cannot write a temporary file in " + fs::temp_directory_path().string(), "Set TMPDIR"};
  }
  ::close(handle);
  const auto written = write_vocabulary(model, pattern);
  auto opened = written ? open_gguf(pattern) : Result<std::unique_ptr<Vocabulary>>(written.error());
  fs::remove(pattern, code);
  if (!opened && written) {
    return Error{(model / "tokenizer.json").string() + " could not be used", "Fetch the model's tokenizer again"};
  }
  return opened;
}

Result<std::unique_ptr<Vocabulary>> Vocabulary::open_gguf(const std::filesystem::path &gguf) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(gguf, code)) {
    return Error{"model file " + gguf.string() + " does not exist", "Run 'yanxing pull' or check the path"};
  }
  stay_silent_once();
  auto settings = llama_model_default_params();
  settings.vocab_only = true;
  auto impl = std::make_unique<Impl>();
  impl->model.reset(llama_model_load_from_file(gguf.c_str(), settings));
  if (!impl->model) {
    return Error{gguf.string() + " could not be read: it is truncated, damaged or no GGUF model",
                 "Run 'yanxing pull' to fetch it again"};
  }
  impl->vocab = llama_model_get_vocab(impl->model.get());
  return std::unique_ptr<Vocabulary>(new Vocabulary(std::move(impl)));
}

std::vector<Token> Vocabulary::tokenize(std::string_view text, bool special) const {
  std::vector<Token> tokens(text.size() + 8);
  const int count = llama_tokenize(impl_->vocab, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                                   static_cast<std::int32_t>(tokens.size()), false, special);
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  return tokens;
}

std::string Vocabulary::piece(Token token) const {
  std::array<char, 512> buffer{};
  const int length = llama_token_to_piece(impl_->vocab, token, buffer.data(), buffer.size(), 0, true);
  return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : std::string();
}

Token Vocabulary::end_of_turn() const { return end_of_turn_of(impl_->vocab); }

int Vocabulary::size() const { return llama_vocab_n_tokens(impl_->vocab); }

} // namespace yanxing::llm
