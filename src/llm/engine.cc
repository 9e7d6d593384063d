#include "llm/engine.h"

#include "base/hash.h"
#include "base/log.h"
#include "llm/end_of_turn.h"
#include "llm/packed_weights.h"

#include <llama-cpp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

namespace yanxing::llm {
namespace {

// Small batches so that a prefill can be interrupted within a fraction of a second.
constexpr int kBatchTokens = 128;

void forward_log(ggml_log_level level, const char *text, void * /*unused*/) {
  if (level == GGML_LOG_LEVEL_ERROR) {
    std::string_view line(text);
    while (!line.empty() && line.back() == '\n') {
      line.remove_suffix(1);
    }
    log_debug(line);
  }
}

void start_backend_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(forward_log, nullptr);
    llama_backend_init();
    offer_packed_weights();
  });
}

// llama.cpp aborts or returns null on foreign bytes; the magic tells early and plainly.
Status check_gguf(const std::filesystem::path &file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    return Error{"model file " + file.string() + " does not exist", "Run 'yanxing pull' or check the path"};
  }
  std::array<char, 4> magic{};
  std::ifstream in(file, std::ios::binary);
  in.read(magic.data(), magic.size());
  if (std::string_view(magic.data(), magic.size()) != "GGUF") {
    return Error{file.string() + " is not a GGUF model", "Run 'yanxing pull' to fetch it again"};
  }
  return {};
}

} // namespace

// Over the name, the size, the first MiB (metadata, vocabulary) and the last (weights).
std::string fingerprint_of(const std::filesystem::path &file) {
  constexpr std::size_t kPart = 1 << 20;
  Fnv1a hash;
  std::error_code code;
  const auto bytes = std::filesystem::file_size(file, code);
  hash.add(file.filename().string() + std::to_string(bytes));
  std::string part(kPart, '\0');
  std::ifstream in(file, std::ios::binary);
  for (const auto from : {std::uintmax_t{0}, code || bytes < kPart ? std::uintmax_t{0} : bytes - kPart}) {
    in.clear();
    in.seekg(static_cast<std::streamoff>(from));
    in.read(part.data(), static_cast<std::streamsize>(part.size()));
    hash.add(std::string_view(part).substr(0, static_cast<std::size_t>(in.gcount())));
  }
  return hash.hex();
}

struct Engine::Impl {
  llama_model_ptr model;
  llama_adapter_lora_ptr adapter;
  llama_context_ptr context;
  const llama_vocab *vocab = nullptr;
  std::vector<std::string> pieces;
  std::vector<Token> held;
  std::map<std::size_t, std::vector<float>> distributions; // after so many of the tokens held
  std::string fingerprint;

  // Continues the cache by `tokens`; keeps the distributions after the places (counted in all tokens) that are wanted.
  Status decode(std::span<const Token> tokens, const std::set<std::size_t> &wanted) {
    const auto count = tokens.size();
    std::vector<llama_pos> places(count);
    std::vector<std::int32_t> sequences(count, 1);
    llama_seq_id only = 0;
    std::vector<llama_seq_id *> sequence(count, &only);
    std::vector<std::int8_t> outputs(count, 0);
    for (std::size_t i = 0; i < count; ++i) {
      places[i] = static_cast<llama_pos>(held.size() + i);
      outputs[i] = static_cast<std::int8_t>(wanted.contains(held.size() + i + 1));
    }
    llama_batch batch{static_cast<std::int32_t>(count),
                      const_cast<Token *>(tokens.data()),
                      nullptr,
                      places.data(),
                      sequences.data(),
                      sequence.data(),
                      outputs.data()};
    if (llama_decode(context.get(), batch) != 0) {
      return Error{"the language model failed on this input", "Shorten the command or the list of actions"};
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (outputs[i] != 0) {
        const float *row = llama_get_logits_ith(context.get(), static_cast<std::int32_t>(i));
        distributions[held.size() + i + 1].assign(row, row + pieces.size());
      }
    }
    held.insert(held.end(), tokens.begin(), tokens.end());
    return {};
  }

  void cut_to(std::size_t count) {
    if (count < held.size()) {
      llama_memory_seq_rm(llama_get_memory(context.get()), 0, static_cast<llama_pos>(count), -1);
      held.resize(count);
    }
    distributions.erase(distributions.upper_bound(count), distributions.end());
  }
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(const std::filesystem::path &gguf, const EngineSettings &settings) {
  if (auto usable = check_gguf(gguf); !usable) {
    return usable.error();
  }
  start_backend_once();
  auto impl = std::make_unique<Impl>();
  auto model_settings = llama_model_default_params();
  impl->model.reset(llama_model_load_from_file(gguf.c_str(), model_settings));
  if (!impl->model) {
    return Error{gguf.string() + " could not be loaded: it is truncated, damaged or of an unknown kind",
                 "Run 'yanxing pull' to fetch it again"};
  }
  impl->vocab = llama_model_get_vocab(impl->model.get());
  auto context_settings = llama_context_default_params();
  context_settings.n_ctx = static_cast<std::uint32_t>(settings.context_tokens);
  context_settings.n_batch = kBatchTokens;
  context_settings.n_ubatch = kBatchTokens;
  context_settings.n_threads = settings.threads;
  context_settings.n_threads_batch = settings.threads;
  context_settings.no_perf = true;
  impl->context.reset(llama_init_from_model(impl->model.get(), context_settings));
  if (!impl->context) {
    return Error{"not enough memory for the context of " + gguf.string(),
                 "Close other programs or use a smaller model"};
  }
  impl->fingerprint = fingerprint_of(gguf);
  if (!settings.adapter.empty()) {
    impl->adapter.reset(llama_adapter_lora_init(impl->model.get(), settings.adapter.c_str()));
    auto *adapter = impl->adapter.get();
    float scale = 1.0F;
    if (adapter == nullptr || llama_set_adapters_lora(impl->context.get(), &adapter, 1, &scale) != 0) {
      return Error{"adapter " + settings.adapter.string() + " does not fit " + gguf.string(),
                   "Use an adapter that was trained from this model"};
    }
    impl->fingerprint += "-" + fingerprint_of(settings.adapter);
  }
  const int size = llama_vocab_n_tokens(impl->vocab);
  impl->pieces.resize(static_cast<std::size_t>(size));
  std::array<char, 512> buffer{};
  for (Token token = 0; token < size; ++token) {
    const int length = llama_token_to_piece(impl->vocab, token, buffer.data(), buffer.size(), 0, false);
    if (length > 0) {
      impl->pieces[static_cast<std::size_t>(token)].assign(buffer.data(), static_cast<std::size_t>(length));
    }
  }
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

std::vector<Token> Engine::tokenize(std::string_view text, bool special) const {
  std::vector<Token> tokens(text.size() + 8);
  const int count = llama_tokenize(impl_->vocab, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                                   static_cast<std::int32_t>(tokens.size()), false, special);
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  return tokens;
}

const std::string &Engine::piece(Token token) const { return impl_->pieces[static_cast<std::size_t>(token)]; }
int Engine::vocabulary_size() const { return static_cast<int>(impl_->pieces.size()); }
int Engine::context_tokens() const { return static_cast<int>(llama_n_ctx(impl_->context.get())); }
bool Engine::ends_turn(Token token) const { return llama_vocab_is_eog(impl_->vocab, token); }
Token Engine::end_of_turn() const { return end_of_turn_of(impl_->vocab); }
const std::string &Engine::fingerprint() const { return impl_->fingerprint; }

Result<Engine::Work> Engine::hold(std::span<const Token> tokens, const std::stop_token &stop,
                                  std::span<const std::size_t> wanted) {
  if (static_cast<int>(tokens.size()) > context_tokens()) {
    return Error{"this turn needs " + std::to_string(tokens.size()) + " tokens, the model holds " +
                     std::to_string(context_tokens()),
                 "Use fewer actions or a shorter command"};
  }
  auto &held = impl_->held;
  const auto common = static_cast<std::size_t>(
      std::mismatch(held.begin(), held.end(), tokens.begin(), tokens.end()).first - held.begin());
  // Where all is there but the distribution after it, the last token is computed again.
  const bool again = common == tokens.size() && common > 0 && !impl_->distributions.contains(common);
  const auto keep = again ? common - 1 : common;
  impl_->cut_to(keep);
  std::set<std::size_t> places(wanted.begin(), wanted.end());
  places.insert(tokens.size());
  Work work{static_cast<int>(keep), 0};
  while (held.size() < tokens.size() && !stop.stop_requested()) {
    const auto count = std::min<std::size_t>(kBatchTokens, tokens.size() - held.size());
    if (auto done = impl_->decode(tokens.subspan(held.size(), count), places); !done) {
      return done.error();
    }
    work.computed += static_cast<int>(count);
  }
  return work;
}

std::size_t Engine::held_tokens() const { return impl_->held.size(); }

std::span<const float> Engine::distribution_after(std::span<const Token> tokens) const {
  const auto &held = impl_->held;
  const auto kept = impl_->distributions.find(tokens.size());
  const bool here = kept != impl_->distributions.end() && tokens.size() <= held.size() &&
                    std::equal(tokens.begin(), tokens.end(), held.begin());
  return here ? std::span<const float>(kept->second) : std::span<const float>();
}

Status Engine::save_prefix(const std::filesystem::path &file) const {
  std::error_code code;
  std::filesystem::create_directories(file.parent_path(), code);
  const auto temporary = file.string() + ".tmp";
  const auto written =
      llama_state_seq_save_file(impl_->context.get(), temporary.c_str(), 0, impl_->held.data(), impl_->held.size());
  if (written == 0) {
    std::filesystem::remove(temporary, code);
    return Error{"cannot keep the prefix in " + file.string(), "Check the free disk space"};
  }
  std::filesystem::rename(temporary, file, code);
  return code ? Status(Error{"cannot write " + file.string() + ": " + code.message(), ""}) : Status();
}

bool Engine::load_prefix(const std::filesystem::path &file, std::span<const Token> tokens) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    return false;
  }
  impl_->cut_to(0);
  std::vector<Token> stored(tokens.size() + 1);
  std::size_t count = 0;
  const auto read =
      llama_state_seq_load_file(impl_->context.get(), file.c_str(), 0, stored.data(), stored.size(), &count);
  if (read == 0 || count != tokens.size() || !std::equal(tokens.begin(), tokens.end(), stored.begin())) {
    llama_memory_clear(llama_get_memory(impl_->context.get()), true);
    return false;
  }
  impl_->held.assign(tokens.begin(), tokens.end());
  return true;
}

} // namespace yanxing::llm
