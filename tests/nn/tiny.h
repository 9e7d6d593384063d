// A tiny random checkpoint on disk, and files in a folder of their own.
#pragma once

#include "nn/safetensors.h"

#include "base/files.h"
#include "base/json.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace yanxing::nn::tiny {

class Folder {
public:
  explicit Folder(const std::string &name)
      : path_(std::filesystem::temp_directory_path() / ("yanxing-nn-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;
  [[nodiscard]] const std::filesystem::path &path() const { return path_; }

private:
  std::filesystem::path path_;
};

inline Json config() {
  return {{"model_type", "qwen2"},         {"vocab_size", 60},       {"hidden_size", 32},
          {"intermediate_size", 48},       {"num_hidden_layers", 2}, {"num_attention_heads", 4},
          {"num_key_value_heads", 2},      {"rms_norm_eps", 1e-6},   {"tie_word_embeddings", true},
          {"max_position_embeddings", 64}, {"rope_theta", 10000.0}};
}

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> numbers;
};

inline std::vector<Entry> weights() {
  std::vector<Entry> entries;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  const auto add = [&](const std::string &name, std::vector<std::int64_t> shape, float scale, float offset = 0) {
    std::int64_t count = 1;
    for (const auto size : shape) {
      count *= size;
    }
    Entry entry{name, std::move(shape), {}};
    for (std::int64_t i = 0; i < count; ++i) {
      entry.numbers.push_back(offset + scale * normal(random));
    }
    entries.push_back(std::move(entry));
  };
  add("model.embed_tokens.weight", {60, 32}, 0.3F);
  add("model.norm.weight", {32}, 0.1F, 1);
  for (const char *layer : {"model.layers.0.", "model.layers.1."}) {
    const std::string name = layer;
    add(name + "input_layernorm.weight", {32}, 0.1F, 1);
    add(name + "post_attention_layernorm.weight", {32}, 0.1F, 1);
    add(name + "self_attn.q_proj.weight", {32, 32}, 0.2F);
    add(name + "self_attn.q_proj.bias", {32}, 0.1F);
    add(name + "self_attn.k_proj.weight", {16, 32}, 0.2F);
    add(name + "self_attn.k_proj.bias", {16}, 0.1F);
    add(name + "self_attn.v_proj.weight", {16, 32}, 0.2F);
    add(name + "self_attn.v_proj.bias", {16}, 0.1F);
    add(name + "self_attn.o_proj.weight", {32, 32}, 0.2F);
    add(name + "mlp.gate_proj.weight", {48, 32}, 0.2F);
    add(name + "mlp.up_proj.weight", {48, 32}, 0.2F);
    add(name + "mlp.down_proj.weight", {32, 48}, 0.2F);
  }
  return entries;
}

inline Status write(const std::filesystem::path &folder, const Json &description, const std::vector<Entry> &entries) {
  std::vector<TensorToWrite> tensors;
  for (const auto &entry : entries) {
    tensors.push_back({entry.name, "F32", entry.shape, entry.numbers.size() * sizeof(float),
                       [&entry] { return std::as_bytes(std::span(entry.numbers)); }});
  }
  if (auto written = write_file(folder / "config.json", description.dump()); !written) {
    return written;
  }
  return write_safetensors(folder / "model.safetensors", tensors);
}

inline void write_bytes(const std::filesystem::path &file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

} // namespace yanxing::nn::tiny
