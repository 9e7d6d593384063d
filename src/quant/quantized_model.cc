#include "quant/quantized_model.h"

#include "quant/packing.h"

#include "base/files.h"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace yanxing::quant {
namespace {

nn::TensorToWrite packed(const std::string &name, const at::Tensor &numbers) {
  const auto size = numbers.nbytes();
  return {name, numbers.scalar_type() == at::kInt ? "I32" : "F16", numbers.sizes().vec(), size,
          [numbers, size] { return std::span(static_cast<const std::byte *>(numbers.const_data_ptr()), size); }};
}

// "model.layers.12.mlp.up_proj" → "model.layers.12"
std::string decoder_layer_of(const std::string &name) {
  static constexpr std::string_view kLayers = "layers.";
  const auto at = name.find(kLayers);
  return at == std::string::npos ? name : name.substr(0, name.find('.', at + kLayers.size()));
}

// All weights by Hugging Face's names, as nn::Model::merged_weights.
std::vector<nn::Weight> weights_of(nn::Decoder &decoder) {
  std::vector<nn::Weight> weights;
  decoder.for_each_linear(
      [&](nn::Linear &layer) {
        weights.push_back({layer.name + ".weight", {layer.out(), layer.in()}, [&layer] { return layer.merged(); }});
        if (layer.bias.defined()) {
          weights.push_back({layer.name + ".bias", {layer.out()}, [&layer] { return layer.bias.detach().clone(); }});
        }
      },
      true);
  const double offset = decoder.config().norm_plus_one ? 1.0 : 0.0;
  decoder.for_each_norm([&](nn::Norm &norm) {
    weights.push_back({norm.name + ".weight", norm.weight.sizes().vec(),
                       [&norm, offset] { return norm.weight.detach().sub(offset); }});
  });
  return weights;
}

struct Mean {
  double rounding = 0;
  double ours = 0;
  std::size_t count = 0;
  void add(const LayerError &error) {
    rounding += error.rounding;
    ours += error.ours;
    ++count;
  }
};

std::string line_of(const std::string &name, const Mean &mean) {
  const auto count = static_cast<double>(std::max<std::size_t>(1, mean.count));
  char text[160];
  std::snprintf(text, sizeof text, "%-18s %9.2f %% %9.2f %%\n", name.c_str(), 100 * mean.rounding / count,
                100 * mean.ours / count);
  return text;
}

} // namespace

Status check_shapes(nn::Decoder &decoder, const Grid &grid) {
  std::optional<Error> wrong;
  decoder.for_each_linear([&](nn::Linear &layer) {
    const auto per_word = 32 / grid.bits;
    if (!wrong && layer.in() % grid.group_size != 0) {
      wrong = Error{"groups of " + std::to_string(grid.group_size) + " do not divide the " +
                        std::to_string(layer.in()) + " inputs of " + layer.name,
                    "Choose another --group_size, for instance 64 or 32"};
    } else if (!wrong && (layer.out() % per_word != 0 || layer.in() % per_word != 0)) {
      wrong = Error{layer.name + " has " + std::to_string(layer.out()) + " outputs, no multiple of " +
                        std::to_string(per_word) + ", and cannot be packed",
                    "Quantize it as GGUF instead: --to_gguf q4_k_m"};
    }
  });
  return wrong ? Status(*wrong) : Status();
}

double relative_error(const at::Tensor &x, const at::Tensor &changed, const at::Tensor &weight) {
  const auto whole = x.mm(weight.t()).norm().item<double>();
  return x.mm(changed.sub(weight).t()).norm().item<double>() / std::max(whole, 1e-12);
}

Json report_json(const std::vector<LayerError> &errors) {
  Json layers = Json::array();
  Mean all;
  for (const auto &error : errors) {
    layers.push_back({{"name", error.name}, {"rounding", error.rounding}, {"ours", error.ours}});
    all.add(error);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(1, all.count));
  return {{"mean_rounding", all.rounding / count}, {"mean_ours", all.ours / count}, {"layers", layers}};
}

std::string report_table(const std::vector<LayerError> &errors, const std::string &method) {
  std::string table = "relative error of outputs   rounding   " + method + "\n";
  std::vector<std::pair<std::string, Mean>> rows;
  Mean all;
  for (const auto &error : errors) {
    const auto layer = decoder_layer_of(error.name);
    if (rows.empty() || rows.back().first != layer) {
      rows.emplace_back(layer, Mean{});
    }
    rows.back().second.add(error);
    all.add(error);
  }
  for (const auto &[name, mean] : rows) {
    table += line_of(name, mean);
  }
  return table + line_of("all", all);
}

Status write_quantized_folder(const std::filesystem::path &folder, const nn::Checkpoint &base, nn::Decoder &decoder,
                              const QuantizedModel &quantized, Layout layout, const Json &description,
                              const convert::HfOptions &options) {
  auto config = convert::config_of(base);
  if (!config) {
    return config.error();
  }
  std::map<std::string, const QuantizedMatrix *> matrices;
  for (const auto &linear : quantized.linears) {
    matrices[linear.name + ".weight"] = &linear.matrix;
  }
  const double offset = decoder.config().norm_plus_one ? 1.0 : 0.0;
  const auto weights = weights_of(decoder);
  const auto last = std::make_shared<at::Tensor>();
  std::vector<nn::TensorToWrite> tensors;
  for (auto weight : weights) {
    if (const auto matrix = matrices.find(weight.name); matrix != matrices.end()) {
      const auto full = base.is_gguf() ? weight.name : base.stored_name(weight.name);
      const auto stem = full.substr(0, full.size() - std::string_view("weight").size());
      for (const auto &[ending, numbers] :
           layout == Layout::kAwq ? pack_awq(*matrix->second) : pack_gptq(*matrix->second)) {
        tensors.push_back(packed(stem + ending, numbers));
      }
      continue;
    }
    if (const auto changed = quantized.replaced.find(weight.name); changed != quantized.replaced.end()) {
      const bool norm = weight.name.ends_with("norm.weight");
      weight.make = [numbers = changed->second, less = norm ? offset : 0.0] { return numbers.sub(less); };
    }
    tensors.push_back(convert::tensor_of(weight, base, "F16", last));
  }
  for (auto &tensor : convert::other_tensors(base, weights)) {
    tensors.push_back(std::move(tensor));
  }
  convert::set_dtype(*config, "float16"); // what the kernels for these layouts compute in
  (*config)["quantization_config"] = description;
  if (auto written = convert::write_shards(folder, std::move(tensors), options); !written) {
    return written;
  }
  if (auto written = convert::write_companions(folder, base); !written) {
    return written;
  }
  if (auto written = write_file(folder / "quantization_error.json", report_json(quantized.errors).dump(2) + "\n");
      !written) {
    return written;
  }
  return write_file(folder / "config.json", config->dump(2) + "\n");
}

} // namespace yanxing::quant
