#include "convert/gguf_model.h"

#include "convert/gguf_metadata.h"
#include "convert/tokenizer.h"
#include "convert/unfinished.h"
#include "nn/family.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <set>

namespace yanxing::convert {
namespace fs = std::filesystem;
namespace {

struct Free {
  void operator()(gguf_context *file) const { gguf_free(file); }
  void operator()(ggml_context *tensors) const { ggml_free(tensors); }
};
using Gguf = std::unique_ptr<gguf_context, Free>;

struct Type {
  const char *name;
  ggml_type ggml;
  at::ScalarType torch;
  std::uint32_t file_type; // llama.cpp's number for a file that is mostly of it
};
constexpr std::array<Type, 3> kTypes = {{{"f32", GGML_TYPE_F32, at::kFloat, 0},
                                         {"f16", GGML_TYPE_F16, at::kHalf, 1},
                                         {"bf16", GGML_TYPE_BF16, at::kBFloat16, 32}}};

// A tensor of the file to be: made (fp32, torch's order of sizes) or copied.
struct Planned {
  std::string name;
  std::vector<std::int64_t> shape; // outermost first
  ggml_type type = GGML_TYPE_F32;
  std::function<at::Tensor()> make;
  std::span<const std::byte> bytes; // where `make` is empty
};

// Rows of q and k as llama.cpp's converter orders them: within each head the two halves that rotate together alternate.
at::Tensor interleaved(const at::Tensor &rows, std::int64_t head_dim) {
  const auto columns = rows.dim() > 1 ? rows.size(1) : 1;
  return rows.reshape({-1, 2, head_dim / 2, columns}).transpose(1, 2).reshape(rows.sizes());
}

// "model.layers.3.mlp.experts.5.up_proj.weight" → "model.layers.3.mlp.experts.up_proj.weight"; empty for others.
std::string stack_of(const std::string &name) {
  static constexpr std::string_view kExperts = ".mlp.experts.";
  const auto at = name.find(kExperts);
  if (at == std::string::npos) {
    return {};
  }
  const auto number = at + kExperts.size();
  return name.substr(0, number) + name.substr(name.find('.', number) + 1);
}

class Plan {
public:
  Plan(const nn::Checkpoint &base, const Type &type)
      : base_(base), type_(type), family_(nn::family_named(base.config().family)) {}

  std::vector<Planned> of(const nn::Model &model) {
    std::map<std::string, std::vector<nn::Weight>> stacks;
    const auto &module = base_.config().module_prefix; // of a model with towers: GGUF has the decoder alone
    for (auto &weight : model.merged_weights()) {
      if (module != "model." && weight.name.starts_with(module)) {
        weight.name = "model." + weight.name.substr(module.size());
      }
      if (const auto stack = stack_of(weight.name); !stack.empty()) {
        stacks[stack].push_back(std::move(weight));
      } else {
        add(std::move(weight));
      }
    }
    for (auto &[name, weights] : stacks) {
      auto shape = weights.front().shape;
      shape.insert(shape.begin(), static_cast<std::int64_t>(weights.size()));
      add({name, shape, [weights = std::move(weights)] {
             std::vector<at::Tensor> all;
             for (const auto &weight : weights) {
               all.push_back(weight.make());
             }
             return at::stack(all);
           }});
    }
    add_others();
    return std::move(planned_);
  }

private:
  void add(nn::Weight weight) {
    const bool q_or_k = weight.name.find("self_attn.q_proj.") != std::string::npos ||
                        weight.name.find("self_attn.k_proj.") != std::string::npos;
    const bool interleave = family_.gguf_interleaved_qk && q_or_k;
    const bool plus_one = !base_.is_gguf() && family_.hf_norms_are_offsets && weight.name.ends_with("norm.weight");
    Planned planned;
    planned.name = nn::gguf_tensor_name(family_, weight.name);
    planned.shape = weight.shape;
    const bool full = weight.shape.size() < 2 || weight.name.ends_with(".mlp.gate.weight");
    planned.type = full ? GGML_TYPE_F32 : type_.ggml;
    planned.make = [make = std::move(weight.make), interleave, plus_one, head_dim = base_.config().head_dim] {
      auto whole = make();
      return interleave ? interleaved(whole, head_dim) : plus_one ? whole.add(1) : whole;
    };
    planned_.push_back(std::move(planned));
  }

  void add_others() {
    std::set<std::string> ours;
    for (const auto &planned : planned_) {
      ours.insert(planned.name);
    }
    for (const auto &[name, stored] : base_.tensors()) {
      if (base_.is_gguf() && !ours.contains(name)) {
        planned_.push_back({name, stored.shape, static_cast<ggml_type>(stored.format.ggml), nullptr, stored.bytes});
      }
    }
    if (!base_.is_gguf()) {
      for (auto &[name, factors] : rope_factors(base_)) {
        planned_.push_back({name,
                            {static_cast<std::int64_t>(factors.size())},
                            GGML_TYPE_F32,
                            [factors = factors] {
                              return at::from_blob(const_cast<float *>(factors.data()),
                                                   {static_cast<std::int64_t>(factors.size())}, at::kFloat)
                                  .clone();
                            },
                            {}});
      }
    }
  }

  const nn::Checkpoint &base_;
  const Type &type_;
  nn::Family family_;
  std::vector<Planned> planned_;
};

void set_values(gguf_context *file, const Json &values) {
  for (const auto &[name, value] : values.items()) {
    if (value.is_string()) {
      gguf_set_val_str(file, name.c_str(), value.get<std::string>().c_str());
    } else if (value.is_boolean()) {
      gguf_set_val_bool(file, name.c_str(), value.get<bool>());
    } else if (value.is_number_integer()) {
      gguf_set_val_u32(file, name.c_str(), value.get<std::uint32_t>());
    } else if (value.is_number()) {
      gguf_set_val_f32(file, name.c_str(), value.get<float>());
    } else if (value.is_array()) {
      std::vector<std::int32_t> numbers;
      for (const auto &number : value) {
        numbers.push_back(number.is_number_integer() ? number.get<std::int32_t>() : 0);
      }
      gguf_set_arr_data(file, name.c_str(), GGUF_TYPE_INT32, numbers.data(), numbers.size());
    }
  }
}

// Everything but the tensors.
Result<Gguf> header_of(const nn::Checkpoint &base) {
  Gguf file(gguf_init_empty());
  if (base.is_gguf()) {
    const Gguf theirs(gguf_init_from_file(base.path().c_str(), {true, nullptr}));
    if (!theirs) {
      return Error{base.path().string() + " is no whole GGUF file", "Fetch it again"};
    }
    gguf_set_kv(file.get(), theirs.get());
    return file;
  }
  const auto values = gguf_values(base);
  if (!values) {
    return values.error();
  }
  const auto tokenizer = read_hf_tokenizer(base.path(), base.config().vocabulary);
  if (!tokenizer) {
    return tokenizer.error();
  }
  set_values(file.get(), *values);
  set_tokenizer(file.get(), *tokenizer);
  return file;
}

std::unique_ptr<ggml_context, Free> add_tensors(gguf_context *file, const std::vector<Planned> &planned) {
  std::unique_ptr<ggml_context, Free> context(
      ggml_init({(planned.size() + 1) * ggml_tensor_overhead(), nullptr, true}));
  for (const auto &one : planned) {
    std::array<std::int64_t, 4> sizes = {1, 1, 1, 1}; // innermost first
    for (std::size_t i = 0; i < one.shape.size(); ++i) {
      sizes.at(i) = one.shape[one.shape.size() - 1 - i];
    }
    auto *tensor = ggml_new_tensor(context.get(), one.type, static_cast<int>(one.shape.size()), sizes.data());
    ggml_set_name(tensor, one.name.c_str());
    gguf_add_tensor(file, tensor);
  }
  return context;
}

at::ScalarType torch_type(ggml_type type) {
  return type == GGML_TYPE_F16 ? at::kHalf : type == GGML_TYPE_BF16 ? at::kBFloat16 : at::kFloat;
}

Status write_tensors(std::ofstream &out, const fs::path &path, std::size_t alignment,
                     const std::vector<Planned> &planned, const std::function<void(double)> &progress) {
  const std::vector<char> padding(alignment, 0);
  for (std::size_t i = 0; i < planned.size() && out; ++i) {
    const auto &one = planned[i];
    at::Tensor numbers;
    auto bytes = one.bytes;
    if (one.make) {
      numbers = one.make().to(torch_type(one.type)).contiguous();
      bytes = {static_cast<const std::byte *>(numbers.const_data_ptr()), numbers.nbytes()};
    }
    out.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const auto rest = (alignment - bytes.size() % alignment) % alignment;
    out.write(padding.data(), static_cast<std::streamsize>(rest));
    if (progress) {
      progress(static_cast<double>(i + 1) / static_cast<double>(planned.size()));
    }
  }
  out.close();
  return out ? Status()
             : Status(Error{"cannot write " + path.string() + ": " + std::strerror(errno),
                            "Free some disk space or choose another --output_dir"});
}

Status write(const fs::path &path, gguf_context *file, const std::vector<Planned> &planned,
             const std::function<void(double)> &progress) {
  const auto context = add_tensors(file, planned);
  std::vector<char> header(gguf_get_meta_size(file));
  gguf_get_meta_data(file, header.data());
  std::uint64_t total = header.size();
  for (std::int64_t i = 0; i < gguf_get_n_tensors(file); ++i) {
    total += gguf_get_tensor_size(file, i);
  }
  if (auto enough = check_space(path.has_parent_path() ? path.parent_path() : ".", total); !enough) {
    return enough;
  }
  errno = 0;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  return write_tensors(out, path, gguf_get_alignment(file), planned, progress);
}

} // namespace

Status write_gguf(const fs::path &file, const nn::Checkpoint &base, const nn::Model &model,
                  const GgufOptions &options) {
  const auto *type = std::find_if(kTypes.begin(), kTypes.end(), [&](const Type &t) { return options.type == t.name; });
  if (type == kTypes.end()) {
    return Error{"'" + options.type + "' is no type of a file in full or half precision", "Use f32, f16 or bf16"};
  }
  auto header = header_of(base);
  if (!header) {
    return header.error();
  }
  gguf_set_val_u32(header->get(), "general.file_type", type->file_type);
  gguf_set_val_u32(header->get(), "general.quantization_version", GGML_QNT_VERSION);
  return write(file, header->get(), Plan(base, *type).of(model), options.progress);
}

Status write_gguf_vocabulary(const fs::path &file, const nn::Checkpoint &base) {
  auto header = header_of(base);
  return header ? write(file, header->get(), {}, {}) : Status(header.error());
}

} // namespace yanxing::convert
