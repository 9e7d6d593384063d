#include "nn/checkpoint.h"

#include "nn/family.h"
#include "nn/gguf.h"
#include "nn/safetensors.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace yanxing::nn {
namespace fs = std::filesystem;
namespace {

bool contains(const std::vector<std::string> &list, const std::string &word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string family_names() {
  std::string names;
  for (const auto &family : all_families()) {
    names += (names.empty() ? "" : ", ") + family.name;
  }
  return names;
}

// The description of the text decoder, which models with towers keep one or two levels down.
const Json &text_part_of(const Json &config) {
  const auto part = [](const Json &whole, const char *name) -> const Json & {
    const auto found = whole.find(name);
    return found != whole.end() && found->is_object() ? *found : whole;
  };
  return part(part(config, "thinker_config"), "text_config");
}

// The same with what newer files say outside of it.
Json text_part(const Json &config) {
  auto text = text_part_of(config);
  const auto thinker = config.find("thinker_config");
  const auto &outer = thinker != config.end() && thinker->is_object() ? *thinker : config;
  if (const auto tied = outer.find("tie_word_embeddings"); tied != outer.end() && *tied == true) {
    text["tie_word_embeddings"] = true;
  }
  return text;
}

} // namespace

Result<Checkpoint> Checkpoint::open(const fs::path &path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return open_folder(path);
  }
  if (path.extension() == ".gguf") {
    return open_gguf_file(path);
  }
  return Error{path.string() + (fs::exists(path, error) ? " is no model" : " does not exist"),
               "Give a folder with config.json and .safetensors files, or a .gguf file"};
}

Status Checkpoint::add(std::vector<StoredTensor> tensors, std::shared_ptr<const MappedFile> file) {
  files_.push_back(std::move(file));
  for (auto &tensor : tensors) {
    if (tensor.count() < 1) {
      return Error{path_.string() + ": tensor " + tensor.name + " is empty", "Fetch or export it again"};
    }
    if (const auto row = tensor.format.row_bytes(tensor.columns());
        row && *row * static_cast<std::size_t>(tensor.rows()) != tensor.bytes.size()) {
      return Error{path_.string() + ": tensor " + tensor.name + "'s bytes do not fit its shape", "Fetch it again"};
    }
    auto name = tensor.name;
    tensors_[std::move(name)] = std::move(tensor);
  }
  return {};
}

Result<Checkpoint> Checkpoint::open_folder(const fs::path &folder) {
  Checkpoint result;
  result.path_ = folder;
  auto description = read_json_file(folder / "config.json");
  if (!description) {
    return description.error();
  }
  result.description_ = std::move(*description);
  const auto where = (folder / "config.json").string();
  if (!result.description_.is_object()) {
    return Error{where + " is no JSON object", ""};
  }
  const auto text = text_part(result.description_);
  const auto type = string_or_empty(text, "model_type");
  Fields fields(text, "", where);
  bool known = false;
  for (const auto &family : all_families()) {
    if (contains(family.model_types, type)) {
      known = true;
      result.config_ = family.from_hf(fields);
      result.config_.family = family.name;
    }
  }
  if (result.description_.contains("thinker_config")) {
    result.config_.module_prefix = "thinker." + result.config_.module_prefix;
  }
  if (!known) {
    return Error{where + ": models of the type '" + type + "' are not known", "Known are: " + family_names()};
  }
  if (fields.error()) {
    return *fields.error();
  }
  std::error_code error;
  std::set<fs::path> files; // in order, so that runs are alike
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".safetensors" && !entry.path().filename().string().starts_with("adapter_")) {
      files.insert(entry.path());
    }
  }
  if (files.empty()) {
    return Error{folder.string() + " holds no .safetensors file", "Fetch the model again"};
  }
  for (const auto &file : files) {
    auto opened = open_safetensors(file);
    if (!opened) {
      return opened.error();
    }
    if (auto added = result.add(std::move(opened->tensors), opened->file); !added) {
      return added.error();
    }
  }
  for (const char *prefix :
       {"model.language_model.", "language_model.model.", "thinker.model.", "thinker.model.language_model.", ""}) {
    if (!result.tensors_.contains("model.embed_tokens.weight") &&
        result.tensors_.contains(prefix + std::string("embed_tokens.weight"))) {
      result.prefix_ = prefix;
    }
  }
  for (const char *prefix : {"thinker.", "language_model."}) {
    if (result.tensors_.contains(prefix + std::string("lm_head.weight"))) {
      result.head_prefix_ = prefix;
    }
  }
  // A text part may say that it is tied by default, where the whole says that it is not and has a head.
  const auto tied = result.description_.find("tie_word_embeddings");
  if (tied != result.description_.end() && *tied == false && result.stored("lm_head.weight") != nullptr) {
    result.config_.tied_embeddings = false;
  }
  return result;
}

Result<Checkpoint> Checkpoint::open_gguf_file(const fs::path &file) {
  auto opened = open_gguf(file);
  if (!opened) {
    return opened.error();
  }
  Checkpoint result;
  result.path_ = file;
  result.gguf_ = true;
  result.description_ = std::move(opened->metadata);
  const auto architecture = string_or_empty(result.description_, "general.architecture");
  Fields fields(result.description_, architecture + ".", file.string());
  bool known = false;
  for (const auto &family : all_families()) {
    if (contains(family.architectures, architecture)) {
      known = true;
      result.config_ = family.from_gguf(fields);
      result.config_.family = family.name;
      result.family_ = std::make_shared<const Family>(family);
    }
  }
  if (!known) {
    return Error{file.string() + ": models of the architecture '" + architecture + "' are not known",
                 "Known are: " + family_names()};
  }
  if (fields.error()) {
    return *fields.error();
  }
  if (auto added = result.add(std::move(opened->tensors), opened->file); !added) {
    return added.error();
  }
  if (const auto *embedding = result.stored("model.embed_tokens.weight")) {
    result.config_.vocabulary = embedding->rows();
  }
  result.config_.tied_embeddings = result.stored("lm_head.weight") == nullptr;
  if (auto applied = result.apply_rope_tensors(); !applied) {
    return applied.error();
  }
  return result;
}

const Json &Checkpoint::text_description() const { return gguf_ ? description_ : text_part_of(description_); }

bool Checkpoint::has_names_from(const std::string &prefix) const {
  const auto found = tensors_.lower_bound(prefix);
  return found != tensors_.end() && found->first.starts_with(prefix);
}

std::string Checkpoint::stored_name(const std::string &name) const {
  if (!gguf_) {
    if (tensors_.contains(name)) {
      return name;
    }
    if (const auto &module = config_.module_prefix; module != "model." && name.starts_with(module)) {
      return stored_name("model." + name.substr(module.size())); // a decoder's layer by its module's name
    }
    if (name.starts_with("lm_head.")) {
      return head_prefix_ + name;
    }
    return name.starts_with("model.") ? prefix_ + name.substr(6) : name;
  }
  return gguf_tensor_name(*family_, name);
}

const StoredTensor *Checkpoint::stored(const std::string &name) const {
  const auto found = tensors_.find(stored_name(name));
  return found == tensors_.end() ? nullptr : &found->second;
}

std::optional<StoredTensor> Checkpoint::find(const std::string &name) const {
  if (const auto *found = stored(name)) {
    return *found;
  }
  return expert(name);
}

// One expert out of a stack: GGUF's (experts, rows, columns), or Hugging Face's, where gate and up may be one
// (experts, 2 · rows, columns).
std::optional<StoredTensor> Checkpoint::expert(const std::string &name) const {
  static constexpr std::string_view kExperts = ".mlp.experts.";
  const auto at = name.find(kExperts);
  if (at == std::string::npos) {
    return {};
  }
  const auto number = at + kExperts.size();
  const auto dot = name.find('.', number);
  std::int64_t index = 0;
  if (dot == std::string::npos ||
      std::from_chars(name.data() + number, name.data() + dot, index).ptr != name.data() + dot) {
    return {};
  }
  const auto part = name.substr(dot + 1); // "up_proj.weight"
  std::int64_t pieces = 1;
  std::int64_t piece = 0;
  const auto *stack = stored(name.substr(0, number) + part);
  if (stack == nullptr) { // without ".weight"
    stack = stored(name.substr(0, number) + part.substr(0, part.find('.')));
  }
  if (stack == nullptr && !part.starts_with("down")) {
    stack = stored(name.substr(0, number) + "gate_up_proj");
    pieces = 2;
    piece = part.starts_with("up") ? 1 : 0;
  }
  if (stack == nullptr || stack->shape.size() != 3 || index >= stack->shape[0] || stack->shape[1] % pieces != 0) {
    return {};
  }
  StoredTensor one = *stack;
  one.name = name;
  one.shape = {stack->shape[1] / pieces, stack->shape[2]};
  const auto bytes = stack->bytes.size() / static_cast<std::size_t>(stack->shape[0] * pieces);
  one.bytes = stack->bytes.subspan(static_cast<std::size_t>(index * pieces + piece) * bytes, bytes);
  return one;
}

bool Checkpoint::interleaved(const std::string &name) const {
  return gguf_ && family_->gguf_interleaved_qk &&
         (name.find("self_attn.q_proj.") != std::string::npos || name.find("self_attn.k_proj.") != std::string::npos);
}

// llama.cpp keeps Llama 3's and Phi-3's factors as tensors: each frequency is divided by its own.
Status Checkpoint::apply_rope_tensors() {
  auto &rope = config_.ropes.at(0);
  const auto apply = [&](const char *name, std::vector<float> &frequencies) -> Status {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      return {};
    }
    if (found->second.count() != static_cast<std::int64_t>(frequencies.size()) || !found->second.format.readable()) {
      return Error{path_.string() + ": " + name + " has not one number for each frequency", "Fetch the model again"};
    }
    std::vector<float> factors(frequencies.size());
    to_floats(found->second.format, found->second.bytes, factors);
    for (std::size_t i = 0; i < factors.size(); ++i) {
      frequencies[i] /= factors[i];
    }
    return {};
  };
  if (tensors_.contains("rope_factors_long.weight")) {
    rope.long_inverse_frequencies = rope.inverse_frequencies;
  }
  for (auto status : {apply("rope_freqs.weight", rope.inverse_frequencies),
                      apply("rope_factors_short.weight", rope.inverse_frequencies),
                      apply("rope_factors_long.weight", rope.long_inverse_frequencies)}) {
    if (!status) {
      return status;
    }
  }
  return {};
}

} // namespace yanxing::nn
