// AWQ and GPTQ on a tiny checkpoint with outliers: an independent reader (numpy) takes the packed weights out of the
// files, and the model with them must be nearer to the original than with plain rounding.
#include "nn/safetensors.h"
#include "quant/awq.h"
#include "quant/gptq.h"
#include "support/source.h"

#include "base/files.h"

#include <ATen/core/Tensor.h>

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>
#include <numeric>
#include <random>
#include <unistd.h>

namespace yanxing::quant {
namespace {

namespace fs = std::filesystem;

class Quantizing : public testing::Test {
protected:
  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("yanxing-quant-" + std::to_string(::getpid()));
    made_ = python("make '" + (root_ / "base").string() + "'");
  }
  static void TearDownTestSuite() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
    fs::remove(root_.string() + ".log", ignored);
  }
  void SetUp() override {
    if (!made_) {
      GTEST_SKIP() << "Python's transformers could not be set up here: see " << root_ << ".log";
    }
  }

  static bool python(const std::string &arguments) {
    const auto script = test::source("tests/quant/reference/run.sh").string();
    return std::system(("'" + script + "' " + arguments + " >'" + root_.string() + ".log' 2>&1").c_str()) == 0;
  }

  static Result<nn::Decoder> load() {
    const auto checkpoint = nn::Checkpoint::open(root_ / "base");
    return checkpoint ? nn::Decoder::load(*checkpoint, {}) : Result<nn::Decoder>(checkpoint.error());
  }

  static std::vector<nn::PackedRow> rows() {
    std::mt19937 random(1);
    std::vector<nn::PackedRow> rows(12);
    for (auto &row : rows) {
      for (int i = 0; i < 64; ++i) {
        row.tokens.push_back(static_cast<std::int64_t>(random() % 256));
        row.positions.push_back(i);
      }
      row.segments = {{0, 64, -1}};
    }
    return rows;
  }

  // Writes the folder, and beside it what the program says the weights are, and lets the reader judge.
  static void check(nn::Decoder &decoder, const QuantizedModel &quantized, Layout layout, const Json &description) {
    const auto folder = root_ / "quantized";
    fs::remove_all(folder);
    fs::create_directory(folder);
    const auto base = nn::Checkpoint::open(root_ / "base");
    ASSERT_TRUE(base.ok());
    const auto written = write_quantized_folder(folder, *base, decoder, quantized, layout, description, {});
    ASSERT_TRUE(written.ok()) << written.error().message();
    std::vector<nn::TensorToWrite> said;
    for (const auto &linear : quantized.linears) {
      const auto weight = linear.matrix.dequantized().contiguous();
      said.push_back({linear.name + ".weight", "F32", weight.sizes().vec(), weight.nbytes(), [weight] {
                        return std::span(static_cast<const std::byte *>(weight.const_data_ptr()), weight.nbytes());
                      }});
    }
    ASSERT_TRUE(nn::write_safetensors(folder / "codes.safetensors", said).ok());
    const bool good = python("check '" + (root_ / "base").string() + "' '" + folder.string() + "'");
    const auto log = read_file(root_.string() + ".log");
    const auto line = log ? log->find("KL to the original") : std::string::npos;
    std::cout << (line == std::string::npos ? *log : log->substr(log->rfind('\n', line) + 1));
    EXPECT_TRUE(good);
    double rounding = 0;
    double ours = 0;
    for (const auto &error : quantized.errors) {
      rounding += error.rounding;
      ours += error.ours;
    }
    EXPECT_EQ(quantized.errors.size(), 21U);
    EXPECT_LT(ours, 0.9 * rounding);
  }

  static inline fs::path root_;
  static inline bool made_ = false;
};

TEST_F(Quantizing, AwqIsNearerThanRounding) {
  auto model = load();
  ASSERT_TRUE(model.ok()) << model.error().message();
  AwqSettings settings;
  settings.grid.group_size = 32;
  const auto quantized = quantize_awq(*model, rows(), settings);
  ASSERT_TRUE(quantized.ok()) << quantized.error().message();
  std::cout << report_table(quantized->errors, "awq");
  check(*model, *quantized, Layout::kAwq, awq_description(*model, settings.grid));
}

TEST_F(Quantizing, GptqIsNearerThanRounding) {
  for (const bool symmetric : {true, false}) {
    for (const bool act_order : {false, true}) {
      auto model = load();
      ASSERT_TRUE(model.ok()) << model.error().message();
      GptqSettings settings;
      settings.grid = {4, 32, symmetric};
      settings.act_order = act_order;
      const auto quantized = quantize_gptq(*model, rows(), settings);
      ASSERT_TRUE(quantized.ok()) << quantized.error().message();
      check(*model, *quantized, Layout::kGptq, gptq_description(settings));
    }
  }
}

TEST_F(Quantizing, SaysWhatDoesNotFit) {
  auto model = load();
  ASSERT_TRUE(model.ok());
  AwqSettings settings;
  settings.grid.group_size = 96;
  const auto odd = quantize_awq(*model, rows(), settings);
  ASSERT_FALSE(odd.ok());
  EXPECT_NE(odd.error().message().find("group_size"), std::string::npos);
  settings.grid = {8, 32, false};
  EXPECT_FALSE(quantize_awq(*model, rows(), settings).ok());
  GptqSettings three;
  three.grid = {3, 32, true};
  EXPECT_FALSE(quantize_gptq(*model, rows(), three).ok());
}

} // namespace
} // namespace yanxing::quant
