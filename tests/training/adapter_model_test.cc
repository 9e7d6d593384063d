// llama.cpp's adapter files, read back over the real GGUF whose rows they are ordered after.
#include "base/paths.h"
#include "nn/adapter_gguf.h"
#include "nn/model.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::training {
namespace {

namespace fs = std::filesystem;

class AdapterGguf : public testing::TestWithParam<const char *> {
protected:
  ~AdapterGguf() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::path(testing::TempDir()) / ("adapter-" + std::to_string(::getpid()));
};

TEST_P(AdapterGguf, ComesBackAsItWasWritten) {
  const auto file = model_file(GetParam(), "model.gguf");
  if (!file) {
    GTEST_SKIP() << file.error().message();
  }
  const auto first = nn::Model::load(*file);
  ASSERT_TRUE(first.ok()) << first.error().message();
  ASSERT_TRUE((*first)->add_lora({4, 8.0F, 0.0F, false, false, {"all-linear"}}, 3).ok());
  double k = 0;
  for (const auto &parameter : (*first)->parameters()) {
    auto numbers = parameter.tensor.detach().flatten();
    for (std::int64_t i = 0; i < numbers.numel(); i += 97) {
      numbers[i] = 0.01 * (k = k > 90 ? -90 : k + 1);
    }
  }
  ASSERT_TRUE((*first)->save_adapter(folder_, "x").ok());
  const auto adapter = nn::read_adapter(folder_);
  const auto base = nn::Checkpoint::open(*file);
  ASSERT_TRUE(adapter.ok() && base.ok());
  const auto gguf = folder_ / "adapter.gguf";
  ASSERT_TRUE(nn::write_adapter_gguf(gguf, *adapter, *base).ok());

  const auto second = nn::Model::load(*file);
  const auto loaded = (*second)->load_adapter(gguf);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const auto a = (*first)->parameters();
  const auto b = (*second)->parameters();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_LT(a[i].tensor.sub(b[i].tensor).abs().max().item<float>(), 1e-3F) << a[i].name;
  }
  EXPECT_FALSE((*second)->load_adapter(*file).ok()) << "a model is no adapter";
}

INSTANTIATE_TEST_SUITE_P(Models, AdapterGguf, testing::Values("smollm2-135m", "qwen2.5-0.5b"),
                         [](const auto &one) { return std::string(one.param).substr(0, 4); });

} // namespace
} // namespace yanxing::training
