// Reading a decoder's weights out of a checkpoint.
#include "nn/decoder.h"

#include "nn/weight_reader.h"

#include <array>

namespace yanxing::nn {
namespace {

Mlp read_mlp(WeightReader &reader, const std::string &name, std::int64_t hidden, std::int64_t intermediate,
             bool fused) {
  Mlp mlp;
  if (fused) {
    mlp.gate_up = reader.linear(name + ".gate_up_proj", 2 * intermediate, hidden);
  } else {
    mlp.gate = reader.linear(name + ".gate_proj", intermediate, hidden);
    mlp.up = reader.linear(name + ".up_proj", intermediate, hidden);
  }
  mlp.down = reader.linear(name + ".down_proj", hidden, intermediate);
  return mlp;
}

void read_attention(WeightReader &reader, const std::string &name, const DecoderConfig &config, Layer &layer) {
  const auto queries = config.heads * config.head_dim;
  const auto keys = config.kv_heads * config.head_dim;
  if (config.fused_qkv) {
    layer.qkv = reader.linear(name + ".qkv_proj", queries + 2 * keys, config.hidden);
  } else {
    layer.q = reader.linear(name + ".q_proj", queries, config.hidden);
    layer.k = reader.linear(name + ".k_proj", keys, config.hidden);
    layer.v = reader.linear(name + ".v_proj", keys, config.hidden);
  }
  layer.o = reader.linear(name + ".o_proj", config.hidden, queries);
  if (config.qk_norm) {
    layer.q_norm = reader.rms_norm(name + ".q_norm", config.head_dim);
    layer.k_norm = reader.rms_norm(name + ".k_norm", config.head_dim);
  }
}

Layer read_layer(WeightReader &reader, std::size_t index, const DecoderConfig &config) {
  const auto name = "model.layers." + std::to_string(index);
  Layer layer;
  layer.attention_norm = reader.rms_norm(name + ".input_layernorm", config.hidden);
  if (config.post_norms) {
    layer.after_attention = reader.rms_norm(name + ".post_attention_layernorm", config.hidden);
    layer.mlp_norm = reader.rms_norm(name + ".pre_feedforward_layernorm", config.hidden);
    layer.after_mlp = reader.rms_norm(name + ".post_feedforward_layernorm", config.hidden);
  } else {
    layer.mlp_norm = reader.rms_norm(name + ".post_attention_layernorm", config.hidden);
  }
  read_attention(reader, name + ".self_attn", config, layer);
  if (config.layers[index].sparse) {
    layer.router = reader.linear(name + ".mlp.gate", config.experts, config.hidden);
    for (std::int64_t expert = 0; expert < config.experts && !reader.error(); ++expert) {
      layer.experts.push_back(read_mlp(reader, name + ".mlp.experts." + std::to_string(expert), config.hidden,
                                       config.expert_intermediate, false));
    }
  } else {
    layer.mlp = read_mlp(reader, name + ".mlp", config.hidden, config.intermediate, config.fused_gate_up);
  }
  return layer;
}

void visit_mlp(Mlp &mlp, const std::function<void(Linear &)> &visit) {
  if (mlp.gate_up) {
    visit(*mlp.gate_up);
  } else {
    visit(mlp.gate);
    visit(mlp.up);
  }
  visit(mlp.down);
}

void visit_linears(Layer &layer, const std::function<void(Linear &)> &visit, bool routers) {
  if (layer.qkv) {
    visit(*layer.qkv);
  } else {
    visit(layer.q);
    visit(layer.k);
    visit(layer.v);
  }
  visit(layer.o);
  if (layer.experts.empty()) {
    visit_mlp(layer.mlp, visit);
  } else if (routers) {
    visit(layer.router);
  }
  for (auto &expert : layer.experts) {
    visit_mlp(expert, visit);
  }
}

std::array<Norm *, 6> norms_of(Layer &layer) {
  return {&layer.attention_norm,  &layer.q_norm,   &layer.k_norm,
          &layer.after_attention, &layer.mlp_norm, &layer.after_mlp};
}

} // namespace

Result<Decoder> Decoder::load(const Checkpoint &checkpoint, const LoadOptions &options) {
  Decoder result;
  result.config_ = checkpoint.config();
  const auto &config = result.config_;
  if (config.vocabulary < 1) {
    return Error{checkpoint.path().string() + ": tensor model.embed_tokens.weight is missing", "Fetch the model again"};
  }
  WeightReader reader(checkpoint, options, {"model.", config.module_prefix});
  result.embedding_ = reader.linear("model.embed_tokens", config.vocabulary, config.hidden);
  for (std::size_t i = 0; i < config.layers.size() && !reader.error(); ++i) {
    result.layers_.push_back(read_layer(reader, i, config));
  }
  result.norm_ = reader.rms_norm("model.norm", config.hidden);
  if (!config.tied_embeddings) {
    result.head_ = reader.linear("lm_head", config.vocabulary, config.hidden);
  }
  if (reader.error()) {
    return *reader.error();
  }
  bool any_nf4 = false;
  result.for_each_linear([&](const Linear &layer) { any_nf4 = any_nf4 || layer.weight.is_nf4(); });
  if (options.keeping.nf4 && !any_nf4) {
    return Error{checkpoint.path().string() + " is quantised already, so NF4 has nothing to quantise",
                 "Leave out --quant_method and --quant_bits: adapters are trained over its blocks as they are"};
  }
  return result;
}

void Decoder::for_each_linear(const std::function<void(Linear &)> &visit, bool whole) {
  if (whole) {
    visit(embedding_);
  }
  for (auto &layer : layers_) {
    visit_linears(layer, visit, whole);
  }
  if (whole && !config_.tied_embeddings) {
    visit(head_);
  }
}

void Decoder::for_each_norm(const std::function<void(Norm &)> &visit) {
  for (auto &layer : layers_) {
    for (auto *norm : norms_of(layer)) {
      if (norm->weight.defined()) {
        visit(*norm);
      }
    }
  }
  visit(norm_);
}

std::size_t Decoder::first_learning_layer() const {
  const auto learns = [](const at::Tensor &tensor) { return tensor.defined() && tensor.requires_grad(); };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    auto &layer = const_cast<Layer &>(layers_[i]); // only looked at
    bool any = false;
    visit_linears(
        layer,
        [&](const Linear &linear) {
          any = any || learns(linear.trained) || learns(linear.bias) ||
                (linear.lora && (learns(linear.lora->a) || learns(linear.lora->b)));
        },
        true);
    for (const auto *norm : norms_of(layer)) {
      any = any || learns(norm->weight);
    }
    if (any) {
      return i;
    }
  }
  return layers_.size();
}

} // namespace yanxing::nn
