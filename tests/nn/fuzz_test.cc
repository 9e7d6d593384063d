// Weight files and descriptions of models as they may come from the network.
#include "nn/adapter.h"
#include "nn/checkpoint.h"
#include "nn/gguf.h"
#include "nn/safetensors.h"
#include "tiny.h"

#include "support/fuzz.h"

#include <ggml.h>
#include <gguf.h>

namespace yanxing::nn {
namespace {

// Every tensor lies inside the file and can be read to its end.
void check(const std::vector<StoredTensor> &tensors, std::span<const std::byte> file) {
  for (const auto &tensor : tensors) {
    EXPECT_TRUE(tensor.bytes.empty() || (tensor.bytes.data() >= file.data() &&
                                         tensor.bytes.data() + tensor.bytes.size() <= file.data() + file.size()));
    const auto row = tensor.format.row_bytes(tensor.columns());
    if (fuzz::told(row) && tensor.count() > 0) {
      ASSERT_EQ(*row * static_cast<std::size_t>(tensor.rows()), tensor.bytes.size()) << tensor.name;
      std::vector<float> last(static_cast<std::size_t>(tensor.columns()));
      to_floats(tensor, tensor.rows() - 1, last);
    }
  }
}

std::string small_safetensors(const std::filesystem::path &folder) {
  const std::vector<float> numbers(24, 0.5F);
  const auto bytes = [&numbers](std::size_t count) {
    return [&numbers, count] { return std::as_bytes(std::span(numbers)).first(count); };
  };
  EXPECT_TRUE(write_safetensors(folder / "a.safetensors", {{"a", "F32", {2, 3}, 24, bytes(24)},
                                                           {"b", "BF16", {4}, 8, bytes(8)},
                                                           {"c", "F8_E4M3", {2, 2}, 4, bytes(4)},
                                                           {"d", "F64", {}, 8, bytes(8)},
                                                           {"e", "I64", {1}, 8, bytes(8)}})
                  .ok());
  return fuzz::bytes_of(folder / "a.safetensors");
}

TEST(DamagedWeights, Safetensors) {
  const fuzz::Scratch scratch;
  const auto whole = small_safetensors(scratch.path());
  for (const auto form : {fuzz::Form::kBytes, fuzz::Form::kText}) {
    fuzz::survives(whole, form, [&](const std::string &bytes) {
      const auto opened = open_safetensors(scratch.write("b.safetensors", bytes));
      if (fuzz::told(opened)) {
        check(opened->tensors, opened->file->bytes());
      }
    });
  }
}

struct FreeGguf {
  void operator()(gguf_context *context) const { gguf_free(context); }
  void operator()(ggml_context *context) const { ggml_free(context); }
};

std::string small_gguf(const std::filesystem::path &folder) {
  const std::unique_ptr<gguf_context, FreeGguf> gguf(gguf_init_empty());
  const std::unique_ptr<ggml_context, FreeGguf> context(ggml_init({1 << 20, nullptr, false}));
  gguf_set_val_str(gguf.get(), "general.architecture", "qwen2");
  for (const auto *key : {"embedding_length", "attention.head_count", "feed_forward_length", "block_count"}) {
    gguf_set_val_u32(gguf.get(), (std::string("qwen2.") + key).c_str(), 8);
  }
  gguf_set_val_bool(gguf.get(), "a.flag", true);
  gguf_set_val_f64(gguf.get(), "a.double", 0.5);
  gguf_set_val_u16(gguf.get(), "a.short", 7);
  const std::int32_t numbers[] = {1, 2, 3};
  gguf_set_arr_data(gguf.get(), "a.numbers", GGUF_TYPE_INT32, numbers, 3);
  const char *texts[] = {"一", "two"};
  gguf_set_arr_str(gguf.get(), "a.texts", texts, 2);
  for (const auto type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q4_0, GGML_TYPE_Q8_0}) {
    auto *tensor = ggml_new_tensor_2d(context.get(), type, 64, 2);
    const std::vector<float> values(128, 0.25F);
    ggml_quantize_chunk(type, values.data(), tensor->data, 0, 2, 64, nullptr);
    ggml_set_name(tensor, ggml_type_name(type));
    gguf_add_tensor(gguf.get(), tensor);
  }
  gguf_write_to_file(gguf.get(), (folder / "a.gguf").c_str(), false);
  return fuzz::bytes_of(folder / "a.gguf");
}

TEST(DamagedWeights, Gguf) {
  ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr); // it tells what is wrong on stderr, too
  const fuzz::Scratch scratch;
  fuzz::survives(small_gguf(scratch.path()), fuzz::Form::kBytes, [&](const std::string &bytes) {
    const auto file = scratch.write("b.gguf", bytes);
    const auto opened = open_gguf(file);
    if (fuzz::told(opened)) {
      check(opened->tensors, opened->file->bytes());
      EXPECT_FALSE(dump(opened->metadata).empty());
    }
    fuzz::told(Checkpoint::open(file));
  });
  ggml_log_set(nullptr, nullptr);
}

// The description decides how much is allocated before any weight is read.
TEST(DamagedDescription, OfAModel) {
  const tiny::Folder folder("description");
  ASSERT_TRUE(tiny::write(folder.path(), tiny::config(), tiny::weights()).ok());
  auto gemma = tiny::config();
  gemma["model_type"] = "gemma3_text";
  gemma["rope_scaling"] = {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 32}};
  auto phi = tiny::config();
  phi["model_type"] = "phi3";
  phi["rope_scaling"] = {{"type", "longrope"}, {"short_factor", {1, 1, 1, 1}}, {"long_factor", {2, 2, 2, 2}}};
  for (const auto &description : {tiny::config(), gemma, phi}) {
    fuzz::survives(description.dump(), fuzz::Form::kText, [&](const std::string &text) {
      tiny::write_bytes(folder.path() / "config.json", text);
      const auto opened = Checkpoint::open(folder.path());
      if (fuzz::told(opened)) {
        EXPECT_FALSE(opened->config().layers.empty());
        EXPECT_FALSE(opened->config().ropes.empty());
      }
    });
  }
}

TEST(DamagedDescription, OfAnAdapter) {
  const fuzz::Scratch scratch;
  const std::vector<float> numbers(16, 0.5F);
  const auto bytes = [&numbers] { return std::as_bytes(std::span(numbers)).first(32); };
  const std::string layer = "base_model.model.model.layers.0.self_attn.q_proj.";
  ASSERT_TRUE(write_safetensors(scratch.path() / "adapter_model.safetensors",
                                {{layer + "lora_A.weight", "F32", {2, 4}, 32, bytes},
                                 {layer + "lora_B.weight", "F32", {4, 2}, 32, bytes}})
                  .ok());
  const auto weights = fuzz::bytes_of(scratch.path() / "adapter_model.safetensors");
  const std::string description = R"({"peft_type":"LORA","r":2,"lora_alpha":4,"lora_dropout":0.1,"use_rslora":false,
      "target_modules":["q_proj"],"bias":"none","alpha_pattern":{"layers.0.self_attn.q_proj":8},"modules_to_save":null})";
  fuzz::survives(description, fuzz::Form::kText, [&](const std::string &text) {
    scratch.write("adapter_config.json", text);
    fuzz::told(read_adapter(scratch.path()));
  });
  scratch.write("adapter_config.json", description);
  fuzz::survives(weights, fuzz::Form::kText, [&](const std::string &text) {
    scratch.write("adapter_model.safetensors", text);
    fuzz::told(read_adapter(scratch.path()));
  });
}

} // namespace
} // namespace yanxing::nn
