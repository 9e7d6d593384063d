// What is exported is what was trained: merged folders load in Python's transformers and give the logits of PEFT's own
// merge, GGUF files load in llama.cpp and in our engine and give them too, tokenizers make the same tokens everywhere.
#include "convert/gguf_model.h"
#include "convert/hf_folder.h"
#include "llm/quantize.h"
#include "llm/vocabulary.h"
#include "nn/model.h"
#include "support/source.h"

#include "base/files.h"
#include "base/json.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <llama.h>

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>
#include <memory>
#include <numeric>
#include <sstream>
#include <tuple>
#include <unistd.h>

namespace yanxing::convert {
namespace {

namespace fs = std::filesystem;

class Export : public testing::Test {
protected:
  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("yanxing-export-" + std::to_string(::getpid()));
    made_ = python("make");
  }
  static void TearDownTestSuite() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
    fs::remove(root_.string() + ".log", ignored);
  }
  void SetUp() override {
    if (!made_) {
      GTEST_SKIP() << "Python's transformers and PEFT could not be set up here: see " << root_ << ".log";
    }
  }

  static bool python(const std::string &verb) {
    const auto script = test::source("tests/convert/reference/run.sh").string();
    const auto command = "'" + script + "' " + verb + " '" + root_.string() + "' >'" + root_.string() + ".log' 2>&1";
    return std::system(command.c_str()) == 0;
  }

  static inline fs::path root_;
  static inline bool made_ = false;
};

struct Expected {
  std::vector<std::int64_t> tokens;
  at::Tensor logits;
};

Expected expected_in(const fs::path &folder) {
  const auto json = read_json_file(folder / "expected.json");
  Expected result;
  result.tokens = (*json)["tokens"].get<std::vector<std::int64_t>>();
  std::vector<float> all;
  for (const auto &row : (*json)["logits"]) {
    const auto numbers = row.get<std::vector<float>>();
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  const auto rows = static_cast<std::int64_t>(result.tokens.size());
  result.logits = at::from_blob(all.data(), {rows, static_cast<std::int64_t>(all.size()) / rows}, at::kFloat).clone();
  return result;
}

at::Tensor our_logits(const nn::Model &model, const std::vector<std::int64_t> &tokens) {
  nn::PackedRow row;
  row.tokens = tokens;
  row.positions.resize(tokens.size());
  std::iota(row.positions.begin(), row.positions.end(), 0);
  row.segments = {{0, static_cast<std::int64_t>(tokens.size()), -1}};
  return model.logits(row, row.positions);
}

struct Free {
  void operator()(llama_model *model) const { llama_model_free(model); }
  void operator()(llama_context *context) const { llama_free(context); }
};

// Undefined where llama.cpp does not take the file.
at::Tensor llama_cpp_logits(const fs::path &file, const std::vector<std::int64_t> &tokens) {
  auto model_settings = llama_model_default_params();
  model_settings.use_extra_bufts = false;
  const std::unique_ptr<llama_model, Free> model(llama_model_load_from_file(file.c_str(), model_settings));
  if (!model) {
    return {};
  }
  auto settings = llama_context_default_params();
  settings.n_ctx = 128;
  settings.n_threads = settings.n_threads_batch = 1;
  settings.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  settings.type_k = settings.type_v = GGML_TYPE_F32;
  const std::unique_ptr<llama_context, Free> context(llama_init_from_model(model.get(), settings));
  const auto rows = static_cast<std::int64_t>(tokens.size());
  auto batch = llama_batch_init(static_cast<int>(rows), 0, 1);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    batch.token[i] = static_cast<llama_token>(tokens[i]);
    batch.pos[i] = static_cast<llama_pos>(i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  batch.n_tokens = static_cast<int>(rows);
  const bool done = llama_decode(context.get(), batch) == 0;
  llama_batch_free(batch);
  const auto words = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
  return done ? at::from_blob(llama_get_logits(context.get()), {rows, words}, at::kFloat).clone() : at::Tensor();
}

double worst(const at::Tensor &a, const at::Tensor &b) { return a.sub(b).abs().max().item<double>(); }

void expect_same_tokens(const fs::path &gguf, const fs::path &folder) {
  const auto vocabulary = llm::Vocabulary::open(gguf);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message();
  const auto rows = read_json_file(folder / "tokens.json");
  for (const auto &row : *rows) {
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ((*vocabulary)->tokenize(text, false), row["tokens"].get<std::vector<llm::Token>>()) << text;
  }
}

void export_case(const fs::path &folder) {
  const auto base = nn::Checkpoint::open(folder);
  ASSERT_TRUE(base.ok()) << base.error().message();
  auto model = nn::Model::load(folder);
  ASSERT_TRUE(model.ok()) << model.error().message();
  const auto adapted = (*model)->load_adapter(folder / "adapter");
  ASSERT_TRUE(adapted.ok()) << adapted.error().message();
  fs::create_directory(folder / "exported");
  HfOptions options;
  options.shard_bytes = 60000; // several shards
  const auto written = write_hf_folder(folder / "exported", *base, **model, options);
  ASSERT_TRUE(written.ok()) << written.error().message();
  EXPECT_TRUE(fs::exists(folder / "exported" / "model.safetensors.index.json"));

  const auto expected = expected_in(folder);
  for (const auto &[type, ours_within, theirs_within] :
       {std::tuple{"f32", 1e-4, 1e-3}, std::tuple{"f16", 2e-2, 2e-2}}) {
    SCOPED_TRACE(type);
    const auto gguf = folder / (std::string(type) + ".gguf");
    const auto made = write_gguf(gguf, *base, **model, {type, {}});
    ASSERT_TRUE(made.ok()) << made.error().message();
    const auto again = nn::Model::load(gguf);
    ASSERT_TRUE(again.ok()) << again.error().message();
    const auto ours = our_logits(**again, expected.tokens);
    const auto theirs = llama_cpp_logits(gguf, expected.tokens);
    ASSERT_TRUE(theirs.defined());
    std::cout << folder.filename().string() << " " << type << ": largest error of "
              << expected.logits.abs().max().item<float>() << ": our engine " << worst(ours, expected.logits)
              << ", llama.cpp " << worst(theirs, expected.logits) << ", one against the other " << worst(ours, theirs)
              << "\n";
    EXPECT_LT(worst(ours, expected.logits), ours_within);
    // llama.cpp rounds activations to half precision too, which sends tokens of a random model to other experts: there
    // only f32 tells whether the file is right.
    if (base->config().experts == 0 || std::string(type) == "f32") {
      EXPECT_LT(worst(theirs, ours), theirs_within);
    }
    expect_same_tokens(gguf, folder);
  }
  // And back: config.json and the tokenizer are made from the GGUF file's metadata.
  const auto from = nn::Checkpoint::open(folder / "f32.gguf");
  ASSERT_TRUE(from.ok()) << from.error().message();
  const auto same = nn::Model::load(folder / "f32.gguf");
  fs::create_directory(folder / "exported_from_gguf");
  const auto back = write_hf_folder(folder / "exported_from_gguf", *from, **same, {});
  ASSERT_TRUE(back.ok()) << back.error().message();
}

TEST_F(Export, LoadsElsewhereWithTheSameLogits) {
  std::size_t cases = 0;
  for (const auto &entry : fs::directory_iterator(root_)) {
    SCOPED_TRACE(entry.path().filename().string());
    export_case(entry.path());
    ++cases;
  }
  EXPECT_GE(cases, 5U);
  const bool good = python("check");
  const auto said = read_file(root_.string() + ".log");
  std::string results;
  std::istringstream lines(said ? *said : "");
  for (std::string line; std::getline(lines, line);) {
    results += line.find("largest error") != std::string::npos || !good ? line + "\n" : "";
  }
  std::cout << results;
  EXPECT_TRUE(good);
}

TEST_F(Export, QuantizesAndSaysWhatItCannot) {
  const auto folder = root_ / "qwen2";
  const auto base = nn::Checkpoint::open(folder);
  const auto model = nn::Model::load(folder);
  ASSERT_TRUE(base.ok() && model.ok());
  ASSERT_TRUE(write_gguf(root_ / "whole.gguf", *base, **model, {"f32", {}}).ok());
  double told = 0;
  const auto made =
      llm::quantize_gguf(root_ / "whole.gguf", root_ / "q8.gguf", "q8_0", 1, [&told](double share) { told = share; });
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(told, 1);
  const auto whole = nn::Model::load(root_ / "whole.gguf");
  const auto small = nn::Model::load(root_ / "q8.gguf");
  ASSERT_TRUE(whole.ok() && small.ok());
  const auto tokens = expected_in(folder).tokens;
  const auto a = our_logits(**whole, tokens);
  const auto error = our_logits(**small, tokens).sub(a).norm().item<double>() / a.norm().item<double>();
  EXPECT_GT(error, 0);
  EXPECT_LT(error, 0.05);
  EXPECT_LT(fs::file_size(root_ / "q8.gguf"), 0.6 * static_cast<double>(fs::file_size(root_ / "whole.gguf")));

  EXPECT_FALSE(llm::quantize_gguf(root_ / "whole.gguf", root_ / "bad.gguf", "q99", 1).ok());
  EXPECT_FALSE(llm::quantize_gguf(root_ / "nowhere.gguf", root_ / "bad.gguf", "q8_0", 1).ok());
  EXPECT_FALSE(fs::exists(root_ / "bad.gguf"));
  EXPECT_FALSE(write_gguf(root_ / "bad.gguf", *base, **model, {"q4_k_m", {}}).ok());
  fs::remove(folder / "tokenizer.json");
  EXPECT_FALSE(write_gguf(root_ / "bad.gguf", *base, **model, {"f16", {}}).ok()) << "without tokenizer";
  EXPECT_FALSE(fs::exists(root_ / "bad.gguf"));
  const auto full = write_gguf("/dev/full", *nn::Checkpoint::open(root_ / "whole.gguf"), **whole, {"f16", {}});
  ASSERT_FALSE(full.ok());
  EXPECT_NE(full.error().message().find("space"), std::string::npos) << full.error().message();
}

} // namespace
} // namespace yanxing::convert
