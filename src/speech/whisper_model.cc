#include "speech/whisper_model.h"

#include "base/log.h"
#include "speech/quantised_whisper.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <ggml.h>

namespace yanxing::speech {
namespace {

constexpr const char *kFetchAgain = "Run 'yanxing pull whisper-base' to fetch it again";

void forward_log(ggml_log_level level, const char *text, void * /*unused*/) {
  if (level == GGML_LOG_LEVEL_ERROR) {
    log_debug(text);
  }
}

// Steps over the parts of the file; every step fails where the file ends too early.
class Walker {
public:
  Walker(const std::filesystem::path &file, std::uint64_t size) : in_(file, std::ios::binary), left_(size) {}

  template <class T, std::size_t kCount> bool read(std::array<T, kCount> &values) {
    return take(sizeof values) && in_.read(reinterpret_cast<char *>(values.data()), sizeof values).good();
  }
  bool read(std::int32_t &value) {
    std::array<std::int32_t, 1> one{};
    const bool good = read(one);
    value = one[0];
    return good;
  }
  bool skip(std::uint64_t bytes) {
    return take(bytes) && in_.seekg(static_cast<std::streamoff>(bytes), std::ios::cur).good();
  }
  [[nodiscard]] std::uint64_t left() const { return left_; }

private:
  bool take(std::uint64_t bytes) {
    if (bytes > left_) {
      return false;
    }
    left_ -= bytes;
    return true;
  }
  std::ifstream in_;
  std::uint64_t left_;
};

struct Header {
  // magic, vocab, audio: ctx, state, heads, layers, text: ctx, state, heads, layers, mels, ftype
  std::array<std::int32_t, 12> values{};
  [[nodiscard]] bool within(std::size_t i, int low, int high) const { return values[i] >= low && values[i] <= high; }
  [[nodiscard]] bool sane() const {
    constexpr std::int32_t kMagic = 0x67676d6c;
    return values[0] == kMagic && within(1, 1000, 200000) && within(2, 1, 10000) && within(3, 16, 8192) &&
           within(4, 1, 256) && within(5, 1, 128) && within(6, 1, 10000) && values[7] == values[3] &&
           within(8, 1, 256) && within(9, 1, 128) && within(10, 16, 512);
  }
};

bool skip_filters(Walker &walker) {
  std::array<std::int32_t, 2> shape{}; // mels, bins
  return walker.read(shape) && shape[0] > 0 && shape[0] <= 512 && shape[1] > 0 && shape[1] <= 4096 &&
         walker.skip(static_cast<std::uint64_t>(shape[0]) * static_cast<std::uint64_t>(shape[1]) * sizeof(float));
}

bool skip_words(Walker &walker, int vocabulary) {
  std::int32_t count = 0;
  if (!walker.read(count) || count <= 0 || count > vocabulary) {
    return false;
  }
  constexpr int kLongestWord = 4096;
  for (std::int32_t i = 0; i < count; ++i) {
    std::int32_t length = 0;
    if (!walker.read(length) || length < 0 || length > kLongestWord ||
        !walker.skip(static_cast<std::uint64_t>(length))) {
      return false;
    }
  }
  return true;
}

bool skip_tensor(Walker &walker) {
  std::array<std::int32_t, 3> head{}; // dimensions, name length, type
  if (!walker.read(head) || head[0] < 1 || head[0] > 4 || head[1] < 1 || head[1] > 256 || head[2] < 0 ||
      head[2] >= GGML_TYPE_COUNT) {
    return false;
  }
  const auto type = static_cast<ggml_type>(head[2]);
  std::uint64_t elements = 1;
  for (int i = 0; i < head[0]; ++i) {
    std::int32_t extent = 0;
    if (!walker.read(extent) || extent < 1 || elements > (std::uint64_t{1} << 40U)) {
      return false;
    }
    elements *= static_cast<std::uint64_t>(extent);
  }
  const auto block = static_cast<std::uint64_t>(ggml_blck_size(type));
  return block > 0 && elements % block == 0 && walker.skip(static_cast<std::uint64_t>(head[1])) &&
         walker.skip(elements / block * ggml_type_size(type));
}

} // namespace

Status check_whisper_model(const std::filesystem::path &file) {
  std::error_code code;
  const auto size = std::filesystem::file_size(file, code);
  if (code) {
    return Error{"model file " + file.string() + " cannot be read: " + code.message(),
                 "Run 'yanxing pull' or check the path"};
  }
  Walker walker(file, size);
  Header header;
  if (!walker.read(header.values) || !header.sane()) {
    return Error{file.string() + " is not a ggml Whisper model", kFetchAgain};
  }
  bool whole = skip_filters(walker) && skip_words(walker, header.values[1]);
  while (whole && walker.left() > 0) {
    whole = skip_tensor(walker);
  }
  if (!whole) {
    return Error{file.string() + " is truncated or damaged", kFetchAgain};
  }
  return {};
}

Result<WhisperContext> load_whisper_model(const std::filesystem::path &file) {
  if (auto usable = check_whisper_model(file); !usable) {
    return usable.error();
  }
  auto bytes = quantised_whisper(file);
  if (!bytes) {
    return bytes.error();
  }
  whisper_log_set(forward_log, nullptr);
  auto parameters = whisper_context_default_params();
  parameters.use_gpu = false;
  parameters.flash_attn = true; // exact only for contexts of a multiple of 256: whisper_recognizer.cc
  WhisperContext context(whisper_init_from_buffer_with_params(bytes->data(), bytes->size(), parameters));
  if (!context) {
    return Error{file.string() + " could not be loaded: tensors are missing or of another model", kFetchAgain};
  }
  return context;
}

} // namespace yanxing::speech
