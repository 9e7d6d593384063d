#include "convert/hf_folder.h"

#include "convert/hf_config.h"
#include "convert/tokenizer.h"
#include "convert/unfinished.h"
#include "nn/family.h"

#include "base/files.h"
#include "base/log.h"

#include <ATen/core/Tensor.h>
#include <ggml.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <set>

namespace yanxing::convert {
namespace fs = std::filesystem;
namespace {

struct Dtype {
  const char *torch; // as config.json calls it
  const char *file;  // as safetensors does
  at::ScalarType type;
  std::size_t bytes;
};
constexpr std::array<Dtype, 3> kDtypes = {
    {{"float32", "F32", at::kFloat, 4}, {"float16", "F16", at::kHalf, 2}, {"bfloat16", "BF16", at::kBFloat16, 2}}};

const Dtype &by_file_name(const std::string &name) {
  return *std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype &d) { return name == d.file; });
}

// Safetensors' name of the format; empty where it has none.
std::string file_name_of(const nn::Format &format) {
  switch (format.kind) {
  case nn::Format::kF64:
    return "F64";
  case nn::Format::kF8E4M3:
    return "F8_E4M3";
  case nn::Format::kF8E5M2:
    return "F8_E5M2";
  case nn::Format::kGgml:
    return format.ggml == GGML_TYPE_F32    ? "F32"
           : format.ggml == GGML_TYPE_F16  ? "F16"
           : format.ggml == GGML_TYPE_BF16 ? "BF16"
                                           : "";
  case nn::Format::kUnsupported:
    break;
  }
  return "";
}

// A GGUF file keeps its norms in fp32 whatever the rest is, so there the embedding tells for all.
std::string dtype_in(const nn::Checkpoint &base, const std::string &name) {
  const auto stored = base.find(base.is_gguf() ? "model.embed_tokens.weight" : name);
  const auto found = stored ? file_name_of(stored->format) : "";
  const bool usual = found == "F32" || found == "F16" || found == "BF16";
  return usual ? found : "F16";
}

std::size_t number_bytes(const std::string &dtype) {
  return dtype == "F64" || dtype == "I64" ? 8 : dtype.ends_with("32") ? 4 : dtype.ends_with("16") ? 2 : 1;
}

std::string shard_name(std::size_t index, std::size_t count) {
  if (count == 1) {
    return "model.safetensors";
  }
  char text[64];
  std::snprintf(text, sizeof text, "model-%05zu-of-%05zu.safetensors", index + 1, count);
  return text;
}

bool is_companion(const fs::path &file) {
  static const std::set<std::string> kEndings = {".json", ".txt", ".jinja", ".model", ".tiktoken", ".py"};
  const auto name = file.filename().string();
  return kEndings.contains(file.extension().string()) && name != "config.json" && name != "args.json" &&
         name != "trainer_state.json" && !name.ends_with(".index.json") && !name.starts_with("adapter_");
}

} // namespace

nn::TensorToWrite tensor_of(const nn::Weight &weight, const nn::Checkpoint &base, const std::string &dtype,
                            const std::shared_ptr<at::Tensor> &last) {
  const auto &wanted = by_file_name(dtype);
  std::size_t count = 1;
  for (const auto size : weight.shape) {
    count *= static_cast<std::size_t>(size);
  }
  const bool less_one = base.is_gguf() && weight.name.ends_with("norm.weight") &&
                        nn::family_named(base.config().family).hf_norms_are_offsets;
  const auto size = count * wanted.bytes;
  return {base.is_gguf() ? weight.name : base.stored_name(weight.name), dtype, weight.shape, size,
          [last, size, less_one, make = weight.make, type = wanted.type] {
            auto whole = make();
            *last = (less_one ? whole.sub(1) : whole).to(type).contiguous();
            return std::span(static_cast<const std::byte *>(last->const_data_ptr()), size);
          }};
}

std::vector<nn::TensorToWrite> other_tensors(const nn::Checkpoint &base, const std::vector<nn::Weight> &weights) {
  std::vector<nn::TensorToWrite> others;
  if (base.is_gguf()) {
    return others; // what else is in it (rope factors) config.json says
  }
  std::set<std::string> ours;
  for (const auto &weight : weights) {
    ours.insert(base.stored_name(weight.name));
  }
  for (const auto &[name, stored] : base.tensors()) {
    const bool expert = base.config().experts > 0 && name.find(".mlp.experts.") != std::string::npos;
    const bool head_again = base.config().tied_embeddings && name == "lm_head.weight";
    const auto dtype = file_name_of(stored.format);
    if (!ours.contains(name) && !expert && !head_again && !dtype.empty()) {
      others.push_back({name, dtype, stored.shape, stored.bytes.size(), [bytes = stored.bytes] { return bytes; }});
    }
  }
  return others;
}

Status write_shards(const fs::path &folder, std::vector<nn::TensorToWrite> tensors, const HfOptions &options) {
  std::uint64_t total = 0;
  for (const auto &tensor : tensors) {
    total += tensor.byte_count;
  }
  if (auto enough = check_space(folder, total); !enough) {
    return enough;
  }
  std::vector<std::vector<nn::TensorToWrite>> shards(1);
  std::uint64_t filled = 0;
  auto done = std::make_shared<std::uint64_t>(0);
  for (auto &tensor : tensors) {
    if (filled > 0 && filled + tensor.byte_count > options.shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += tensor.byte_count;
    tensor.bytes = [bytes = std::move(tensor.bytes), done, total, progress = options.progress] {
      const auto made = bytes();
      *done += made.size();
      if (progress) {
        progress(static_cast<double>(*done) / static_cast<double>(total));
      }
      return made;
    };
    shards.back().push_back(std::move(tensor));
  }
  Json map = Json::object();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const auto name = shard_name(i, shards.size());
    // Larger numbers first, so that each tensor begins at a multiple of its numbers' size.
    std::stable_sort(shards[i].begin(), shards[i].end(),
                     [](const auto &a, const auto &b) { return number_bytes(a.dtype) > number_bytes(b.dtype); });
    for (const auto &tensor : shards[i]) {
      map[tensor.name] = name;
    }
    if (auto written = nn::write_safetensors(folder / name, shards[i]); !written) {
      return written;
    }
  }
  if (shards.size() == 1) {
    return {};
  }
  const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
  return write_file(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

Result<Json> config_of(const nn::Checkpoint &base) {
  return base.is_gguf() ? hf_config(base) : Result<Json>(base.description());
}

void set_dtype(Json &config, const std::string &dtype) {
  config["torch_dtype"] = dtype;
  if (config.contains("dtype")) {
    config["dtype"] = dtype;
  }
  for (const char *name : {"text_config", "vision_config"}) {
    if (config.contains(name) && config[name].is_object() && config[name].contains("dtype")) {
      config[name]["dtype"] = dtype;
    }
  }
}

Status write_companions(const fs::path &folder, const nn::Checkpoint &base) {
  std::error_code code;
  if (!base.is_gguf()) {
    for (const auto &entry : fs::directory_iterator(base.path(), code)) {
      if (!entry.is_regular_file(code) || !is_companion(entry.path())) {
        continue;
      }
      fs::copy_file(entry.path(), folder / entry.path().filename(), code);
      if (code) {
        return Error{"cannot copy " + entry.path().string() + ": " + code.message(), "Free some disk space"};
      }
    }
  }
  const auto vocabulary = base.is_gguf() ? base.path() : base.path() / kVocabularyFile;
  if (fs::exists(folder / "tokenizer.json", code) || !fs::exists(vocabulary, code)) {
    return {};
  }
  const auto tokenizer = read_gguf_tokenizer(vocabulary);
  if (!tokenizer) {
    log_warning(tokenizer.error().message());
    return {};
  }
  return write_hf_tokenizer(folder, *tokenizer);
}

Status write_hf_folder(const fs::path &folder, const nn::Checkpoint &base, const nn::Model &model,
                       const HfOptions &options) {
  auto config = config_of(base);
  if (!config) {
    return config.error();
  }
  const auto wanted =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype &d) { return options.dtype == d.torch; });
  if (!options.dtype.empty() && wanted == kDtypes.end()) {
    return Error{"there is no number type '" + options.dtype + "'", "Use float32, float16 or bfloat16"};
  }
  const auto weights = model.merged_weights();
  const auto last = std::make_shared<at::Tensor>();
  std::vector<nn::TensorToWrite> tensors;
  for (const auto &weight : weights) {
    tensors.push_back(
        tensor_of(weight, base, options.dtype.empty() ? dtype_in(base, weight.name) : wanted->file, last));
  }
  if (!options.dtype.empty() || base.is_gguf()) {
    set_dtype(*config, by_file_name(tensors.front().dtype).torch);
  }
  for (auto &tensor : other_tensors(base, weights)) {
    tensors.push_back(std::move(tensor));
  }
  if (auto written = write_shards(folder, std::move(tensors), options); !written) {
    return written;
  }
  if (auto written = write_companions(folder, base); !written) {
    return written;
  }
  return write_file(folder / "config.json", config->dump(2) + "\n");
}

} // namespace yanxing::convert
