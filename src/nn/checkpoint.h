// A model on disk: a Hugging Face folder (config.json with *.safetensors) or one GGUF file. Tensors are found by
// Hugging Face's names whatever the file calls them, and stay in the file until they are read.
#pragma once

#include "nn/decoder_config.h"
#include "nn/mapped_file.h"
#include "nn/stored_tensor.h"

#include "base/json.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::nn {

struct Family;

class Checkpoint {
public:
  // `path`: the folder, or the .gguf file.
  static Result<Checkpoint> open(const std::filesystem::path &path);

  [[nodiscard]] const DecoderConfig &config() const { return config_; }
  // config.json, or GGUF's metadata.
  [[nodiscard]] const Json &description() const { return description_; }
  // The part of it that describes the decoder: vision-language models keep it one level down.
  [[nodiscard]] const Json &text_description() const;
  [[nodiscard]] const std::filesystem::path &path() const { return path_; }
  [[nodiscard]] bool is_gguf() const { return gguf_; }

  // "model.layers.3.self_attn.q_proj.weight"; one expert of a stack too ("….mlp.experts.5.up_proj.weight").
  [[nodiscard]] std::optional<StoredTensor> find(const std::string &name) const;
  // True where a tensor's name in the file starts so.
  [[nodiscard]] bool has_names_from(const std::string &prefix) const;
  // What the file calls this tensor.
  [[nodiscard]] std::string stored_name(const std::string &name) const;
  // True where the file interleaves the two halves of each head's rows for this q or k (llama.cpp's converter).
  [[nodiscard]] bool interleaved(const std::string &name) const;
  // All, by the file's names.
  [[nodiscard]] const std::map<std::string, StoredTensor> &tensors() const { return tensors_; }
  // Keep these as long as a tensor's bytes are used.
  [[nodiscard]] const std::vector<std::shared_ptr<const MappedFile>> &files() const { return files_; }

private:
  static Result<Checkpoint> open_folder(const std::filesystem::path &folder);
  static Result<Checkpoint> open_gguf_file(const std::filesystem::path &file);
  Status add(std::vector<StoredTensor> tensors, std::shared_ptr<const MappedFile> file);
  [[nodiscard]] const StoredTensor *stored(const std::string &name) const;
  [[nodiscard]] std::optional<StoredTensor> expert(const std::string &name) const;
  Status apply_rope_tensors();

  std::filesystem::path path_;
  Json description_;
  DecoderConfig config_;
  bool gguf_ = false;
  std::string head_prefix_;              // what stands before "lm_head"
  std::string prefix_ = "model.";        // what stands before "layers.0" in a safetensors file
  std::shared_ptr<const Family> family_; // of a GGUF file
  std::map<std::string, StoredTensor> tensors_;
  std::vector<std::shared_ptr<const MappedFile>> files_;
};

} // namespace yanxing::nn
