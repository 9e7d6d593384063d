// Safetensors and GGUF: what is written is read again, every number format, and no foreign byte is trusted.
#include "nn/gguf.h"
#include "nn/model.h"
#include "nn/safetensors.h"
#include "tiny.h"

#include <cmath>
#include <cstring>
#include <ggml.h>
#include <gguf.h>
#include <gtest/gtest.h>
#include <limits>
#include <memory>

namespace yanxing::nn {
namespace {

std::string safetensors_bytes(const std::string &header, const std::string &data) {
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char *>(&size), 8) + header + data;
}

TEST(Safetensors, ComesBackAsWritten) {
  const tiny::Folder folder("safetensors");
  const auto entries = tiny::weights();
  ASSERT_TRUE(tiny::write(folder.path(), tiny::config(), entries).ok());
  const auto opened = open_safetensors(folder.path() / "model.safetensors");
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  ASSERT_EQ(opened->tensors.size(), entries.size());
  EXPECT_EQ(opened->metadata.at("format"), "pt");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(opened->tensors[i].name, entries[i].name);
    EXPECT_EQ(opened->tensors[i].shape, entries[i].shape);
    std::vector<float> numbers(entries[i].numbers.size());
    to_floats(opened->tensors[i].format, opened->tensors[i].bytes, numbers);
    EXPECT_EQ(numbers, entries[i].numbers);
  }
}

TEST(Safetensors, EveryCutOffFileIsRefused) {
  const tiny::Folder folder("cut");
  ASSERT_TRUE(tiny::write(folder.path(), tiny::config(), tiny::weights()).ok());
  const auto whole = read_file(folder.path() / "model.safetensors");
  ASSERT_TRUE(whole.ok());
  for (std::size_t size = 0; size < whole->size(); size += 997) {
    tiny::write_bytes(folder.path() / "cut.safetensors", whole->substr(0, size));
    EXPECT_FALSE(open_safetensors(folder.path() / "cut.safetensors").ok()) << size;
  }
}

TEST(Safetensors, BadHeadersAreRefused) {
  const tiny::Folder folder("headers");
  const std::string data(16, 'x');
  for (const char *header :
       {R"([])", R"({"a":1})", R"({"a":{"dtype":"F32","shape":[4]}})",
        R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,17]}})",
        R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[12,4]}})",
        R"({"a":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}})",
        R"({"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})",
        R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551615]}})", R"({"a":)"}) {
    tiny::write_bytes(folder.path() / "a.safetensors", safetensors_bytes(header, data));
    EXPECT_FALSE(open_safetensors(folder.path() / "a.safetensors").ok()) << header;
  }
  tiny::write_bytes(folder.path() / "a.safetensors",
                    safetensors_bytes(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", data));
  EXPECT_TRUE(open_safetensors(folder.path() / "a.safetensors").ok());
}

TEST(Formats, SmallFloats) {
  const std::uint8_t e4m3[] = {0x00, 0x38, 0xB8, 0x7E, 0x01, 0x40};
  const float expected4[] = {0, 1, -1, 448, 0x1p-9F, 2};
  std::vector<float> numbers(6);
  to_floats(Format::of_safetensors("F8_E4M3"), std::as_bytes(std::span(e4m3)), numbers);
  EXPECT_EQ(numbers, std::vector<float>(std::begin(expected4), std::end(expected4)));
  const std::uint8_t e5m2[] = {0x3C, 0xBC, 0x7B, 0x01, 0x40, 0x7C};
  const float expected5[] = {1, -1, 57344, 0x1p-16F, 2, std::numeric_limits<float>::infinity()};
  to_floats(Format::of_safetensors("F8_E5M2"), std::as_bytes(std::span(e5m2)), numbers);
  EXPECT_EQ(numbers, std::vector<float>(std::begin(expected5), std::end(expected5)));
  const double wide[] = {0.5, -3};
  numbers.resize(2);
  to_floats(Format::of_safetensors("F64"), std::as_bytes(std::span(wide)), numbers);
  EXPECT_EQ(numbers, (std::vector<float>{0.5F, -3}));
}

struct FreeGguf {
  void operator()(gguf_context *context) const { gguf_free(context); }
  void operator()(ggml_context *context) const { ggml_free(context); }
};

// A file with one tensor of 4 × 256 numbers in each type.
void write_gguf(const std::filesystem::path &file, const std::vector<ggml_type> &types,
                const std::vector<float> &numbers) {
  const std::unique_ptr<gguf_context, FreeGguf> gguf(gguf_init_empty());
  const std::unique_ptr<ggml_context, FreeGguf> context(ggml_init({1 << 20, nullptr, false}));
  gguf_set_val_str(gguf.get(), "general.architecture", "llama");
  gguf_set_val_u32(gguf.get(), "llama.block_count", 2);
  for (const auto type : types) {
    auto *tensor = ggml_new_tensor_2d(context.get(), type, 256, 4);
    ggml_set_name(tensor, ggml_type_name(type));
    ggml_quantize_chunk(type, numbers.data(), tensor->data, 0, 4, 256, nullptr);
    gguf_add_tensor(gguf.get(), tensor);
  }
  gguf_write_to_file(gguf.get(), file.c_str(), false);
}

const std::vector<std::pair<ggml_type, float>> kTypes = {
    {GGML_TYPE_F32, 0.0F},   {GGML_TYPE_F16, 1e-3F},  {GGML_TYPE_BF16, 8e-3F}, {GGML_TYPE_Q8_0, 0.01F},
    {GGML_TYPE_Q6_K, 0.04F}, {GGML_TYPE_Q5_K, 0.08F}, {GGML_TYPE_Q5_0, 0.1F},  {GGML_TYPE_Q5_1, 0.1F},
    {GGML_TYPE_Q4_K, 0.16F}, {GGML_TYPE_Q4_0, 0.2F},  {GGML_TYPE_Q4_1, 0.2F}};

std::vector<float> waves() {
  std::vector<float> numbers(1024);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = std::sin(static_cast<float>(i * i % 1013));
  }
  return numbers;
}

TEST(Gguf, EveryFormatIsReadWithinItsError) {
  const tiny::Folder folder("gguf");
  const auto numbers = waves();
  std::vector<ggml_type> types;
  for (const auto &[type, error] : kTypes) {
    types.push_back(type);
  }
  write_gguf(folder.path() / "a.gguf", types, numbers);
  const auto opened = open_gguf(folder.path() / "a.gguf");
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ(opened->metadata["general.architecture"], "llama");
  EXPECT_EQ(opened->metadata["llama.block_count"], 2);
  ASSERT_EQ(opened->tensors.size(), kTypes.size());
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    const auto &stored = opened->tensors[i];
    EXPECT_EQ(stored.shape, (std::vector<std::int64_t>{4, 256}));
    std::vector<float> row(256);
    to_floats(stored, 2, row); // one row of the middle
    float worst = 0;
    for (std::size_t k = 0; k < row.size(); ++k) {
      worst = std::max(worst, std::abs(row[k] - numbers[512 + k]));
    }
    EXPECT_LE(worst, kTypes[i].second) << stored.name;
  }
}

TEST(Gguf, CutOffAndForeignFilesAreRefused) {
  const tiny::Folder folder("gguf-cut");
  write_gguf(folder.path() / "a.gguf", {GGML_TYPE_F32, GGML_TYPE_Q4_K}, waves());
  const auto whole = read_file(folder.path() / "a.gguf");
  ASSERT_TRUE(whole.ok());
  for (std::size_t size = 0; size + 64 < whole->size(); size += 61) {
    tiny::write_bytes(folder.path() / "b.gguf", whole->substr(0, size));
    EXPECT_FALSE(open_gguf(folder.path() / "b.gguf").ok()) << size;
  }
  tiny::write_bytes(folder.path() / "b.gguf", "this is a text and no model at all");
  EXPECT_FALSE(Model::load(folder.path() / "b.gguf").ok());
}

TEST(Loading, SaysWhatIsWrong) {
  const tiny::Folder folder("loading");
  const auto expect_error = [&](const Json &config, const std::vector<tiny::Entry> &entries, const char *words) {
    ASSERT_TRUE(tiny::write(folder.path(), config, entries).ok());
    const auto model = Model::load(folder.path());
    ASSERT_FALSE(model.ok()) << words;
    EXPECT_NE(model.error().message().find(words), std::string::npos) << model.error().message();
  };
  auto config = tiny::config();
  config["model_type"] = "fantasy";
  expect_error(config, tiny::weights(), "fantasy");
  config = tiny::config();
  config.erase("hidden_size");
  expect_error(config, tiny::weights(), "hidden_size is missing");
  config["hidden_size"] = -3;
  expect_error(config, tiny::weights(), "hidden_size is no size");
  config["hidden_size"] = 2147483646; // a head of this width would have tables of 4 GiB
  config["num_attention_heads"] = 1;
  config["num_key_value_heads"] = 1;
  expect_error(config, tiny::weights(), "wider than");
  config = tiny::config();
  config["partial_rotary_factor"] = 1e30;
  expect_error(config, tiny::weights(), "impossible");
  config = tiny::config();
  config["num_key_value_heads"] = 3;
  expect_error(config, tiny::weights(), "multiple");
  auto weights = tiny::weights();
  weights.pop_back();
  expect_error(tiny::config(), weights, "model.layers.1.mlp.down_proj.weight is missing");
  weights.push_back({"model.layers.1.mlp.down_proj.weight", {48, 32}, std::vector<float>(48 * 32)});
  expect_error(tiny::config(), weights, "is 48 × 32, not 32 × 48");
  EXPECT_FALSE(Model::load(folder.path() / "nowhere").ok());
}

} // namespace
} // namespace yanxing::nn
