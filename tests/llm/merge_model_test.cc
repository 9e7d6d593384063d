// An adapter in the weights must answer as the adapter beside them does.
#include "base/paths.h"
#include "llm/engine.h"
#include "llm/merge.h"

#include <gguf.h>

#include <ggml.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <unistd.h>

namespace yanxing::llm {
namespace {

namespace fs = std::filesystem;

class Merging : public testing::Test {
protected:
  void SetUp() override {
    const auto model = model_file("smollm2-135m", "model.gguf");
    if (!model) {
      GTEST_SKIP() << model.error().message();
    }
    base_ = *model;
    folder_ = fs::temp_directory_path() / ("yanxing-merge-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // A LoRA of rank 2 for the down projection of the first layer, with weights of this size.
  fs::path make_adapter(const std::string &weight, std::int64_t in, std::int64_t out, float size) const {
    const std::unique_ptr<gguf_context, decltype(&gguf_free)> file(gguf_init_empty(), gguf_free);
    const std::unique_ptr<ggml_context, decltype(&ggml_free)> tensors(ggml_init({1U << 22U, nullptr, false}),
                                                                      ggml_free);
    gguf_set_val_str(file.get(), "general.type", "adapter");
    gguf_set_val_str(file.get(), "general.architecture", "llama");
    gguf_set_val_str(file.get(), "adapter.type", "lora");
    gguf_set_val_f32(file.get(), "adapter.lora.alpha", 4);
    std::mt19937 random(7);
    std::uniform_real_distribution<float> any(-size, size);
    const auto add = [&](const std::string &name, std::int64_t width, std::int64_t rows) {
      auto *tensor = ggml_new_tensor_2d(tensors.get(), GGML_TYPE_F32, width, rows);
      ggml_set_name(tensor, name.c_str());
      std::generate_n(static_cast<float *>(tensor->data), width * rows, [&] { return any(random); });
      gguf_add_tensor(file.get(), tensor);
    };
    add(weight + ".lora_a", in, 2);
    add(weight + ".lora_b", 2, out);
    auto path = folder_ / "adapter.gguf";
    EXPECT_TRUE(gguf_write_to_file(file.get(), path.c_str(), false));
    return path;
  }

  static std::vector<float> answer(const fs::path &model, const fs::path &adapter) {
    auto engine = Engine::open(model, {1, 512, adapter});
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    const auto tokens = (*engine)->tokenize("Once upon a time there was a", false);
    EXPECT_TRUE((*engine)->hold(tokens).ok());
    const auto logits = (*engine)->distribution_after(tokens);
    return {logits.begin(), logits.end()};
  }

  static double distance(const std::vector<float> &a, const std::vector<float> &b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return std::sqrt(sum / static_cast<double>(a.size()));
  }

  fs::path base_;
  fs::path folder_;
};

TEST_F(Merging, AnswersAsWithTheAdapterBeside) {
  const auto adapter = make_adapter("blk.0.ffn_down.weight", 1536, 576, 0.3F);
  const auto merged = folder_ / "merged.gguf";
  double told = 0;
  const auto done = merge_adapter(base_, adapter, merged, 2, [&told](double share) { told = share; });
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_EQ(told, 1);
  const auto plain = answer(base_, "");
  const auto beside = answer(base_, adapter);
  const auto inside = answer(merged, "");
  EXPECT_GT(distance(plain, beside), 1) << "an adapter that changes nothing shows nothing";
  EXPECT_LT(distance(inside, beside), 0.2 * distance(plain, beside)) << "only the quantization may differ";
  EXPECT_NE(fingerprint_of(merged), fingerprint_of(base_)) << "prefixes kept for one must not be taken for the other";
}

TEST_F(Merging, RefusesWhatDoesNotFit) {
  const auto merged = folder_ / "merged.gguf";
  EXPECT_FALSE(merge_adapter(base_, make_adapter("blk.0.ffn_down.weight", 1024, 576, 1), merged, 1).ok());
  EXPECT_FALSE(merge_adapter(base_, make_adapter("no.such.weight", 1536, 576, 1), merged, 1).ok());
  EXPECT_FALSE(merge_adapter(base_, base_, merged, 1).ok()) << "a model is no adapter";
  const auto cut = folder_ / "cut.gguf";
  fs::copy_file(make_adapter("blk.0.ffn_down.weight", 1536, 576, 1), cut);
  fs::resize_file(cut, fs::file_size(cut) - 4096);
  EXPECT_FALSE(merge_adapter(base_, cut, merged, 1).ok());
  EXPECT_FALSE(fs::exists(merged));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2) << "no half file stays";
}

} // namespace
} // namespace yanxing::llm
