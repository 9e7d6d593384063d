#include "catalog/ct2_to_ggml.h"

#include "base/json.h"
#include "catalog/ct2_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace yanxing::catalog {
namespace {

constexpr int kSampleRateHz = 16000;
constexpr int kFftSize = 400;
constexpr int kMostMels = 1024;                // Whisper has 80 or 128
constexpr int kMultilingualVocabulary = 51865; // at least; the English models have one token less
constexpr int kTextTokens = 50257;             // before the special tokens

// The bytes that GPT-2's tokenizer writes as themselves; the others follow as U+0100, U+0101, … in order.
bool stands_for_itself(int byte) { return (byte >= 33 && byte < 127) || (byte >= 161 && byte < 173) || byte >= 174; }

std::map<char32_t, char> byte_of_character() {
  std::map<char32_t, char> table;
  char32_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    table[stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++] = static_cast<char>(byte);
  }
  return table;
}

// A vocabulary key (its characters are U+0021 … U+0143, so one or two UTF-8 bytes each) as the bytes it stands for.
Result<std::string> token_bytes(const std::string &key, const std::map<char32_t, char> &table) {
  std::string bytes;
  for (std::size_t i = 0; i < key.size(); ++i) {
    auto character = static_cast<char32_t>(static_cast<unsigned char>(key[i]));
    if (character >= 0xC0 && i + 1 < key.size()) {
      character = (character & 0x1FU) << 6U | (static_cast<unsigned char>(key[++i]) & 0x3FU);
    }
    const auto found = table.find(character);
    if (found == table.end()) {
      return Error{"the tokenizer holds the token \"" + key + "\", which is not in GPT-2's alphabet",
                   "Fetch the model again"};
    }
    bytes += found->second;
  }
  return bytes;
}

// Triangular filters on the mel scale of Slaney (linear below 1 kHz, logarithmic above), each of unit area.
std::vector<float> mel_filters(int mels) {
  constexpr double kTopMel = 45.245640471924965; // 8 kHz
  constexpr double kHzPerMel = 200.0 / 3;
  constexpr double kLogFromMel = 15.0;
  constexpr int kBins = kFftSize / 2 + 1;
  std::vector<double> edges(static_cast<std::size_t>(mels) + 2);
  const double step = kTopMel / (mels + 1);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const double mel = i + 1 == edges.size() ? kTopMel : static_cast<double>(i) * step;
    edges[i] = mel >= kLogFromMel ? 1000.0 * std::exp(std::log(6.4) / 27.0 * (mel - kLogFromMel)) : kHzPerMel * mel;
  }
  std::vector<float> filters;
  for (std::size_t m = 0; m + 2 < edges.size(); ++m) {
    const double area = 2.0 / (edges[m + 2] - edges[m]);
    for (int bin = 0; bin < kBins; ++bin) {
      const double hz = static_cast<double>(bin) * kSampleRateHz / kFftSize;
      const double up = -(edges[m] - hz) / (edges[m + 1] - edges[m]);
      const double down = (edges[m + 2] - hz) / (edges[m + 2] - edges[m + 1]);
      filters.push_back(static_cast<float>(std::max(std::min(up, down), 0.0) * area));
    }
  }
  return filters;
}

// Thrown inside this file only; ct2_to_ggml turns it into a Status.
struct Failure {
  Error error;
};

// Writes under a working name; the final name appears with `finish`, or never.
class GgmlFile {
public:
  explicit GgmlFile(const std::filesystem::path &file)
      : file_(file), working_(file.string() + ".converting"), out_(working_, std::ios::binary | std::ios::trunc) {
    check();
  }
  ~GgmlFile() {
    std::error_code ignored;
    std::filesystem::remove(working_, ignored);
  }
  GgmlFile(const GgmlFile &) = delete;
  GgmlFile &operator=(const GgmlFile &) = delete;

  void write(std::int32_t value) { raw(&value, sizeof value); }
  void write(const std::string &bytes) { raw(bytes.data(), bytes.size()); }
  void write_floats(const std::vector<float> &values) { raw(values.data(), values.size() * sizeof(float)); }
  void write_halves(const std::vector<float> &values) {
    std::vector<std::uint16_t> halves(values.size());
    std::transform(values.begin(), values.end(), halves.begin(), float_to_half);
    raw(halves.data(), halves.size() * sizeof(std::uint16_t));
  }
  void finish() {
    out_.close();
    check();
    std::error_code code;
    std::filesystem::rename(working_, file_, code);
    if (code) {
      throw Failure{{file_.string() + " cannot be written: " + code.message(), "Check the folder"}};
    }
  }

private:
  void raw(const void *data, std::size_t bytes) {
    out_.write(static_cast<const char *>(data), static_cast<std::streamsize>(bytes));
    check();
  }
  void check() const {
    if (!out_) {
      throw Failure{{working_.string() + " cannot be written", "Check the free space and the rights of the folder"}};
    }
  }
  std::filesystem::path file_;
  std::filesystem::path working_;
  std::ofstream out_;
};

class Converter {
public:
  Converter(Ct2Model &model, const Json &tokenizer, GgmlFile &out) : model_(model), tokenizer_(tokenizer), out_(out) {}

  void convert() {
    write_header();
    write_words();
    const int encoder_layers = model_.layers("encoder");
    const int decoder_layers = model_.layers("decoder");
    plain("encoder.positional_embedding", "encoder/position_encodings/encodings", Form::kFloats);
    for (const std::string convolution : {"conv1", "conv2"}) {
      plain("encoder." + convolution + ".weight", "encoder/" + convolution + "/weight", Form::kByRank);
      plain("encoder." + convolution + ".bias", "encoder/" + convolution + "/bias", Form::kColumn);
    }
    for (int i = 0; i < encoder_layers; ++i) {
      const auto to = "encoder.blocks." + std::to_string(i);
      const auto from = "encoder/layer_" + std::to_string(i);
      self_attention(to + ".attn", from + "/self_attention");
      feed_forward(to, from + "/ffn");
    }
    norm("encoder.ln_post", "encoder/layer_norm");
    plain("decoder.positional_embedding", "decoder/position_encodings/encodings", Form::kFloats);
    plain("decoder.token_embedding.weight", "decoder/embeddings/weight", Form::kByRank);
    for (int i = 0; i < decoder_layers; ++i) {
      const auto to = "decoder.blocks." + std::to_string(i);
      const auto from = "decoder/layer_" + std::to_string(i);
      self_attention(to + ".attn", from + "/self_attention");
      cross_attention(to + ".cross_attn", from + "/attention");
      feed_forward(to, from + "/ffn");
    }
    norm("decoder.ln", "decoder/layer_norm");
  }

private:
  // kByRank: matrices in float16, vectors in float32, as ggml's Whisper has them. kColumn: a vector as n × 1.
  enum class Form { kByRank, kFloats, kColumn };

  const Ct2Tensor &tensor(const std::string &name, std::size_t rank) const {
    const auto *found = model_.find(name);
    if (found == nullptr || found->shape.size() != rank) {
      throw Failure{{"the CTranslate2 model lacks the tensor \"" + name + "\"", "Fetch the model again"}};
    }
    return *found;
  }

  void write_header() {
    const auto &words = tensor("decoder/embeddings/weight", 2);
    const auto &hearing = tensor("encoder/position_encodings/encodings", 2);
    const auto &writing = tensor("decoder/position_encodings/encodings", 2);
    const auto heads = model_.integer("encoder/num_heads");
    const int encoder_layers = model_.layers("encoder");
    const int decoder_layers = model_.layers("decoder");
    if (!heads || encoder_layers == 0 || decoder_layers == 0) {
      throw Failure{heads ? Error{"the CTranslate2 model has no layers", "Fetch the model again"} : heads.error()};
    }
    const auto number = [](std::uint32_t value) { return static_cast<std::int32_t>(value); };
    constexpr std::int32_t kMagic = 0x67676d6c;
    constexpr std::int32_t kFloat16Matrices = 1;
    vocabulary_ = number(words.shape[0]);
    const auto state = number(words.shape[1]);
    const auto mels = number(tensor("encoder/conv1/weight", 3).shape[1]);
    if (mels > kMostMels) {
      throw Failure{{"the CTranslate2 model hears " + std::to_string(mels) + " bands", "Fetch the model again"}};
    }
    for (const auto value : {kMagic, vocabulary_, number(hearing.shape[0]), state, *heads, encoder_layers,
                             number(writing.shape[0]), state, *heads, decoder_layers, mels, kFloat16Matrices}) {
      out_.write(value);
    }
    out_.write(mels);
    out_.write(kFftSize / 2 + 1);
    out_.write_floats(mel_filters(mels));
  }

  void write_words() {
    const auto model = tokenizer_.find("model");
    if (model == tokenizer_.end() || !model->is_object() || !model->contains("vocab") ||
        !(*model)["vocab"].is_object()) {
      throw Failure{{"the tokenizer file has no model.vocab", "Fetch the model again"}};
    }
    const int count = vocabulary_ >= kMultilingualVocabulary ? kTextTokens : kTextTokens - 1;
    std::vector<std::string> words(static_cast<std::size_t>(count));
    const auto table = byte_of_character();
    for (const auto &[key, id] : (*model)["vocab"].items()) {
      if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= count) {
        continue; // special tokens: whisper.cpp knows them
      }
      auto bytes = token_bytes(key, table);
      if (!bytes) {
        throw Failure{bytes.error()};
      }
      words[id.get<std::size_t>()] = std::move(*bytes);
    }
    out_.write(count);
    for (const auto &word : words) {
      out_.write(static_cast<std::int32_t>(word.size()));
      out_.write(word);
    }
  }

  // Rows [begin, end) of a tensor (of its first dimension).
  void rows(const std::string &to, const Ct2Tensor &from, std::uint32_t begin, std::uint32_t end, Form form) {
    if (begin > end || end > from.shape[0]) {
      throw Failure{{"the CTranslate2 model has a tensor of the wrong shape for " + to, "Fetch the model again"}};
    }
    auto shape = from.shape;
    shape[0] = end - begin;
    const std::uint64_t width = from.elements() / from.shape[0];
    auto values = model_.floats(from, begin * width, end * width);
    if (!values) {
      throw Failure{values.error()};
    }
    const bool floats = form != Form::kByRank || shape.size() < 2;
    if (form == Form::kColumn) {
      shape.push_back(1);
    }
    out_.write(static_cast<std::int32_t>(shape.size()));
    out_.write(static_cast<std::int32_t>(to.size()));
    out_.write(floats ? 0 : 1);
    for (auto extent = shape.rbegin(); extent != shape.rend(); ++extent) {
      out_.write(static_cast<std::int32_t>(*extent));
    }
    out_.write(to);
    floats ? out_.write_floats(*values) : out_.write_halves(*values);
  }

  void plain(const std::string &to, const std::string &from, Form form) {
    const auto *found = model_.find(from);
    if (found == nullptr || found->shape.empty()) {
      throw Failure{{"the CTranslate2 model lacks the tensor \"" + from + "\"", "Fetch the model again"}};
    }
    rows(to, *found, 0, found->shape[0], form);
  }

  void norm(const std::string &to, const std::string &from) {
    plain(to + ".weight", from + "/gamma", Form::kByRank);
    plain(to + ".bias", from + "/beta", Form::kByRank);
  }

  void linear(const std::string &to, const std::string &from) {
    plain(to + ".weight", from + "/weight", Form::kByRank);
    plain(to + ".bias", from + "/bias", Form::kByRank);
  }

  // Whisper's keys have no bias; CTranslate2 keeps zeros for them, which ggml's file leaves out.
  void check_no_bias(const Ct2Tensor &bias, std::uint32_t begin, std::uint32_t end) {
    const auto values = model_.floats(bias, begin, end);
    if (!values) {
      throw Failure{values.error()};
    }
    if (std::any_of(values->begin(), values->end(), [](float value) { return value != 0.0F; })) {
      throw Failure{{"the CTranslate2 model is not a Whisper model: its keys have a bias", "Fetch the model again"}};
    }
  }

  // linear_0 holds queries, keys and values one above the other, linear_1 is the output.
  void self_attention(const std::string &to, const std::string &from) {
    const auto &weight = tensor(from + "/linear_0/weight", 2);
    const auto &bias = tensor(from + "/linear_0/bias", 1);
    const auto n = weight.shape[1];
    check_shape(weight, bias, 3 * n, from);
    rows(to + ".query.weight", weight, 0, n, Form::kByRank);
    rows(to + ".key.weight", weight, n, 2 * n, Form::kByRank);
    rows(to + ".value.weight", weight, 2 * n, 3 * n, Form::kByRank);
    rows(to + ".query.bias", bias, 0, n, Form::kByRank);
    rows(to + ".value.bias", bias, 2 * n, 3 * n, Form::kByRank);
    check_no_bias(bias, n, 2 * n);
    linear(to + ".out", from + "/linear_1");
    norm(to + "_ln", from + "/layer_norm");
  }

  // linear_0 is the queries, linear_1 keys and values, linear_2 the output.
  void cross_attention(const std::string &to, const std::string &from) {
    const auto &weight = tensor(from + "/linear_1/weight", 2);
    const auto &bias = tensor(from + "/linear_1/bias", 1);
    const auto n = weight.shape[1];
    check_shape(weight, bias, 2 * n, from);
    linear(to + ".query", from + "/linear_0");
    rows(to + ".key.weight", weight, 0, n, Form::kByRank);
    rows(to + ".value.weight", weight, n, 2 * n, Form::kByRank);
    rows(to + ".value.bias", bias, n, 2 * n, Form::kByRank);
    check_no_bias(bias, 0, n);
    linear(to + ".out", from + "/linear_2");
    norm(to + "_ln", from + "/layer_norm");
  }

  void feed_forward(const std::string &to, const std::string &from) {
    linear(to + ".mlp.0", from + "/linear_0");
    linear(to + ".mlp.2", from + "/linear_1");
    norm(to + ".mlp_ln", from + "/layer_norm");
  }

  static void check_shape(const Ct2Tensor &weight, const Ct2Tensor &bias, std::uint32_t wanted,
                          const std::string &from) {
    if (weight.shape[0] != wanted || bias.shape[0] != wanted) {
      throw Failure{{"the CTranslate2 model has a tensor of the wrong shape in " + from, "Fetch the model again"}};
    }
  }

  Ct2Model &model_;
  const Json &tokenizer_;
  GgmlFile &out_;
  std::int32_t vocabulary_ = 0;
};

} // namespace

Status ct2_to_ggml(const std::filesystem::path &model_bin, const std::filesystem::path &tokenizer_json,
                   const std::filesystem::path &out) {
  auto model = Ct2Model::open(model_bin);
  if (!model) {
    return model.error();
  }
  if (model->spec() != "WhisperSpec") {
    return Error{model_bin.string() + " is a " + model->spec() + " model, not Whisper", "Choose a Whisper model"};
  }
  const auto tokenizer = read_json_file(tokenizer_json);
  if (!tokenizer) {
    return tokenizer.error();
  }
  try {
    GgmlFile file(out);
    Converter(*model, *tokenizer, file).convert();
    file.finish();
    return {};
  } catch (const Failure &failure) {
    return failure.error;
  }
}

} // namespace yanxing::catalog
