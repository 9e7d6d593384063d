// PEFT's adapter files: adapter_config.json and adapter_model.safetensors.
#pragma once

#include "nn/model.h"

#include <map>

namespace yanxing::nn {

struct AdapterModule {
  at::Tensor a;         // (rank, in)
  at::Tensor b;         // (out, rank)
  at::Tensor magnitude; // (out), undefined without DoRA
  float alpha = 0;      // the adapter's, unless its alpha_pattern says another for this layer
};

struct Adapter {
  LoraConfig config;
  std::string base_model_name;
  std::map<std::string, AdapterModule> modules; // by the layer's name
};

Result<Adapter> read_adapter(const std::filesystem::path &folder);
Status write_adapter(const std::filesystem::path &folder, const Adapter &adapter);

} // namespace yanxing::nn
