// Queries of one segment against the keys of its chain [oldest ancestor, …, itself]. A root needs no mask; where keys
// precede the queries the causal mask is aligned at the bottom right. Heads that share keys and values stand in the
// head dimension, key-value heads in the batch dimension, so that keys are shared by a view instead of copied.
#include "nn/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/tanh.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>

namespace yanxing::nn {
namespace {

std::vector<std::size_t> chain_of(const PackedRow &row, std::size_t segment) {
  std::vector<std::size_t> chain;
  for (auto at = static_cast<std::int64_t>(segment); at >= 0; at = row.segments[static_cast<std::size_t>(at)].parent) {
    chain.push_back(static_cast<std::size_t>(at));
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

// 0 where a query may see a key, −∞ elsewhere: (queries, keys). `queries`: indices of tokens of the chain's last
// segment.
at::Tensor mask_of(const PackedRow &row, const std::vector<std::size_t> &chain, std::span<const std::int64_t> queries,
                   std::int64_t window) {
  const auto &own = row.segments[chain.back()];
  std::vector<std::int64_t> key_positions;
  for (const auto segment : chain) {
    const auto &part = row.segments[segment];
    key_positions.insert(key_positions.end(), row.positions.begin() + part.begin, row.positions.begin() + part.end);
  }
  const auto keys = static_cast<std::int64_t>(key_positions.size());
  const auto before = keys - (own.end - own.begin); // keys of the ancestors
  auto mask =
      at::full({static_cast<std::int64_t>(queries.size()), keys}, -std::numeric_limits<float>::infinity(), at::kFloat);
  float *cell = mask.mutable_data_ptr<float>();
  for (const auto query : queries) {
    const auto position = row.positions[static_cast<std::size_t>(query)];
    for (std::int64_t key = 0; key <= before + query - own.begin; ++key) {
      if (window == 0 || position - key_positions[static_cast<std::size_t>(key)] < window) {
        cell[key] = 0.0F;
      }
    }
    cell += keys;
  }
  return mask;
}

// Capped scores do not fit the fused kernel: scores of one segment are made whole.
at::Tensor capped(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &mask,
                  const AttentionShape &shape) {
  const auto scores = at::matmul(q, k.transpose(-2, -1)).mul(shape.scale / shape.softcap).tanh().mul(shape.softcap);
  return at::matmul(at::softmax(scores.add(mask), -1), v);
}

// (tokens, kv_heads · group, head_dim) → (kv_heads, group, tokens, head_dim)
at::Tensor by_group(const at::Tensor &x, std::int64_t kv_heads) {
  return x.unflatten(1, {kv_heads, x.size(1) / kv_heads}).permute({1, 2, 0, 3});
}

} // namespace

at::Tensor attend(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const PackedRow &row,
                  const AttentionShape &shape, const std::vector<std::int64_t> *places) {
  const auto kv_heads = k.size(1);
  const auto group = q.size(1) / kv_heads;
  std::vector<std::int64_t> every;
  if (places == nullptr) {
    every.resize(row.tokens.size());
    std::iota(every.begin(), every.end(), 0);
    places = &every;
  }
  std::vector<std::int64_t> key_sizes;
  std::vector<std::int64_t> query_sizes;
  for (const auto &segment : row.segments) {
    key_sizes.push_back(segment.end - segment.begin);
    query_sizes.push_back(std::lower_bound(places->begin(), places->end(), segment.end) -
                          std::lower_bound(places->begin(), places->end(), segment.begin));
  }
  const auto queries = q.split_with_sizes(query_sizes);
  const auto keys = k.split_with_sizes(key_sizes);
  const auto values = v.split_with_sizes(key_sizes);
  std::vector<at::Tensor> outputs;
  std::size_t next = 0; // in `places`
  for (std::size_t i = 0; i < key_sizes.size(); ++i) {
    const std::span wanted(places->data() + next, static_cast<std::size_t>(query_sizes[i]));
    next += wanted.size();
    if (wanted.empty()) {
      continue;
    }
    const auto chain = chain_of(row, i);
    at::Tensor key = keys[i];
    at::Tensor value = values[i];
    if (chain.size() > 1) {
      std::vector<at::Tensor> chain_keys;
      std::vector<at::Tensor> chain_values;
      for (const auto segment : chain) {
        chain_keys.push_back(keys[segment]);
        chain_values.push_back(values[segment]);
      }
      key = at::cat(chain_keys);
      value = at::cat(chain_values);
    }
    const auto grouped_q = by_group(queries[i], kv_heads);
    const auto shared = [&](const at::Tensor &x) {
      return by_group(x, kv_heads).expand({kv_heads, group, x.size(0), x.size(2)});
    };
    const bool masked = chain.size() > 1 || query_sizes[i] < key_sizes[i] || shape.softcap > 0 ||
                        (shape.window > 0 && key_sizes[i] > shape.window);
    const auto mask = masked ? mask_of(row, chain, wanted, shape.window) : at::Tensor();
    const auto mixed = shape.softcap > 0
                           ? capped(grouped_q, shared(key), shared(value), mask, shape)
                           : at::scaled_dot_product_attention(grouped_q, shared(key), shared(value),
                                                              masked ? std::optional<at::Tensor>(mask) : std::nullopt,
                                                              0.0, !masked, static_cast<double>(shape.scale));
    outputs.push_back(mixed.permute({2, 0, 1, 3}).reshape({query_sizes[i], q.size(1) * q.size(2)}));
  }
  return outputs.size() == 1 ? outputs[0] : at::cat(outputs);
}

} // namespace yanxing::nn
