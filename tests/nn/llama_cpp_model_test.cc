// Logits of real GGUF models against llama.cpp's, and training on them.
#include "nn/model.h"
#include "nn/optimizer.h"

#include "base/paths.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <iostream>
#include <llama.h>
#include <memory>
#include <numeric>
#include <string>
#include <unistd.h>

namespace {

namespace nn = yanxing::nn;

struct FreeModel {
  void operator()(llama_model *model) const { llama_model_free(model); }
};
struct FreeContext {
  void operator()(llama_context *context) const { llama_free(context); }
};

void quiet(ggml_log_level level, const char *text, void *) {
  if (level == GGML_LOG_LEVEL_ERROR) {
    std::cerr << text;
  }
}

// (tokens, vocabulary), or nothing where llama.cpp does not take the file
std::vector<float> llama_cpp_logits(const std::filesystem::path &file, const std::vector<std::int64_t> &tokens) {
  llama_log_set(quiet, nullptr);
  auto model_settings = llama_model_default_params();
  model_settings.use_extra_bufts = false; // weights as they are in the file
  const std::unique_ptr<llama_model, FreeModel> model(llama_model_load_from_file(file.c_str(), model_settings));
  if (!model) {
    return {};
  }
  auto settings = llama_context_default_params();
  settings.n_ctx = 256;
  settings.n_threads = settings.n_threads_batch = 2;
  settings.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  settings.type_k = settings.type_v = GGML_TYPE_F32;
  const std::unique_ptr<llama_context, FreeContext> context(llama_init_from_model(model.get(), settings));
  auto batch = llama_batch_init(static_cast<int>(tokens.size()), 0, 1);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    batch.token[i] = static_cast<llama_token>(tokens[i]);
    batch.pos[i] = static_cast<llama_pos>(i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  batch.n_tokens = static_cast<int>(tokens.size());
  const bool done = llama_decode(context.get(), batch) == 0;
  llama_batch_free(batch);
  if (!done) {
    return {};
  }
  const auto vocabulary = static_cast<std::size_t>(llama_vocab_n_tokens(llama_model_get_vocab(model.get())));
  const float *logits = llama_get_logits(context.get());
  return {logits, logits + vocabulary * tokens.size()};
}

nn::PackedRow row_of(const std::vector<std::int64_t> &tokens) {
  nn::PackedRow row;
  row.tokens = tokens;
  row.positions.resize(tokens.size());
  std::iota(row.positions.begin(), row.positions.end(), 0);
  row.segments = {{0, static_cast<std::int64_t>(tokens.size()), -1}};
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    row.targets.push_back({static_cast<std::int64_t>(i), tokens[i + 1], 1.0F / static_cast<float>(tokens.size()), 0});
  }
  return row;
}

// Ordinary tokens, far apart.
std::vector<std::int64_t> some_tokens(std::size_t count) {
  std::vector<std::int64_t> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<std::int64_t>(300 + (i * 7919) % 30000));
  }
  return tokens;
}

class RealModels : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    auto file = yanxing::model_file(GetParam(), "model.gguf");
    if (!file) {
      GTEST_SKIP() << file.error().message();
    }
    file_ = *file;
  }
  std::filesystem::path file_;
};

// llama.cpp's own fp32 copy of the weights, in a temporary file: with quantised ones it rounds activations to 8 bits.
class FloatCopy {
public:
  explicit FloatCopy(const std::filesystem::path &gguf)
      : file_(std::filesystem::temp_directory_path() / ("yanxing-f32-" + std::to_string(::getpid()) + ".gguf")) {
    auto settings = llama_model_quantize_default_params();
    settings.ftype = LLAMA_FTYPE_ALL_F32;
    settings.allow_requantize = true;
    made_ = llama_model_quantize(gguf.c_str(), file_.c_str(), &settings) == 0;
  }
  ~FloatCopy() {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
  }
  FloatCopy(const FloatCopy &) = delete;
  FloatCopy &operator=(const FloatCopy &) = delete;
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::filesystem::path &file() const { return file_; }

private:
  std::filesystem::path file_;
  bool made_ = false;
};

TEST_P(RealModels, LogitsAgreeWithLlamaCpp) {
  const auto tokens = some_tokens(24);
  llama_log_set(quiet, nullptr);
  const FloatCopy copy(file_);
  ASSERT_TRUE(copy.made());
  const auto theirs = llama_cpp_logits(copy.file(), tokens);
  ASSERT_FALSE(theirs.empty());
  const auto model = nn::Model::load(file_);
  ASSERT_TRUE(model.ok()) << model.error().message();
  std::vector<std::int64_t> places(tokens.size());
  std::iota(places.begin(), places.end(), 0);
  const auto ours = (*model)->logits(row_of(tokens), places);
  const auto reference = at::from_blob(const_cast<float *>(theirs.data()), ours.sizes(), at::kFloat);
  const auto error = ours.sub(reference);
  const double relative = error.norm().item<double>() / reference.norm().item<double>();
  const auto p = reference.log_softmax(-1, at::kFloat);
  const auto q = ours.log_softmax(-1, at::kFloat);
  const double divergence = p.exp().mul(p.sub(q)).sum(-1).mean().item<double>();
  const auto same = ours.argmax(-1).eq(reference.argmax(-1)).sum().item<std::int64_t>();
  std::cout << GetParam() << ": max error " << error.abs().max().item<float>() << " of "
            << reference.abs().max().item<float>() << ", relative " << relative << ", KL " << divergence
            << ", same first choice " << same << " of " << tokens.size() << "\n";
  EXPECT_LT(relative, 1e-4);
  EXPECT_LT(divergence, 1e-6);
  EXPECT_EQ(same, static_cast<std::int64_t>(tokens.size()));
}

TEST_P(RealModels, AnAdapterOnQuantisedBlocksLearnsARow) {
  const auto model = nn::Model::load(file_);
  ASSERT_TRUE(model.ok()) << model.error().message();
  ASSERT_TRUE((*model)->add_lora({.rank = 8, .alpha = 16, .targets = {"q_proj", "v_proj"}}, 1).ok());
  auto optimizer = nn::Optimizer::make((*model)->parameters(), {});
  ASSERT_TRUE(optimizer.ok());
  const auto row = row_of(some_tokens(12));
  float first = 0;
  float last = 0;
  for (int step = 0; step < 6; ++step) {
    const auto loss = (*model)->loss(row);
    nn::backward(loss);
    optimizer->clip(1.0F);
    optimizer->step(2e-3F);
    optimizer->zero();
    last = loss.item<float>();
    first = step == 0 ? last : first;
  }
  std::cout << GetParam() << ": loss " << first << " → " << last << "\n";
  EXPECT_LT(last, 0.75F * first);
}

INSTANTIATE_TEST_SUITE_P(Gguf, RealModels, testing::Values("smollm2-135m", "qwen2.5-0.5b"), [](const auto &instance) {
  std::string name = instance.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
});

} // namespace
