// The decoder against a naive one that makes every score and every logit, forward and backward, on a packed row.
#include "nn/model.h"
#include "tiny.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>

#include <gtest/gtest.h>
#include <limits>
#include <map>

namespace yanxing::nn {
namespace {

using Weights = std::map<std::string, at::Tensor>;

PackedRow tree() {
  PackedRow row;
  row.segments = {{0, 5, -1}, {5, 9, 0}, {9, 12, 0}, {12, 14, 2}, {14, 20, -1}};
  for (const auto &segment : row.segments) {
    const auto start =
        segment.parent < 0
            ? 0
            : row.positions[static_cast<std::size_t>(row.segments[static_cast<std::size_t>(segment.parent)].end - 1)] +
                  1;
    for (auto i = segment.begin; i < segment.end; ++i) {
      row.tokens.push_back((i * 17 + 5) % 60);
      row.positions.push_back(start + i - segment.begin);
    }
  }
  // Several targets at one place, and some tokens without.
  row.targets = {{3, 7, 0.5F, 0}, {4, 9, 0.25F, 0},  {4, 11, 1.0F, 1},
                 {7, 2, 0.3F, 0}, {13, 59, 0.7F, 1}, {18, 0, 1.1F, 2}};
  return row;
}

at::Tensor naive_norm(const at::Tensor &x, const at::Tensor &weight) {
  return x.mul(x.square().mean(-1, true).add(1e-6).rsqrt()).mul(weight);
}

at::Tensor naive_rotation(const at::Tensor &x, const at::Tensor &positions) { // (tokens, heads, 8)
  const auto frequencies = at::pow(at::full({4}, 10000.0), at::tensor(std::vector<float>{0, 2, 4, 6}).div(-8.0));
  const auto angles = positions.unsqueeze(1).mul(frequencies).unsqueeze(1);
  const auto halves = x.chunk(2, -1);
  return at::cat({halves[0].mul(angles.cos()).sub(halves[1].mul(angles.sin())),
                  halves[1].mul(angles.cos()).add(halves[0].mul(angles.sin()))},
                 -1);
}

// −∞ where a token must not see another: (tokens, tokens)
at::Tensor naive_mask(const PackedRow &row) {
  const auto tokens = static_cast<std::int64_t>(row.tokens.size());
  auto mask = at::full({tokens, tokens}, -std::numeric_limits<float>::infinity());
  for (std::size_t s = 0; s < row.segments.size(); ++s) {
    for (auto query = row.segments[s].begin; query < row.segments[s].end; ++query) {
      for (auto chain = static_cast<std::int64_t>(s); chain >= 0;
           chain = row.segments[static_cast<std::size_t>(chain)].parent) {
        const auto &segment = row.segments[static_cast<std::size_t>(chain)];
        mask[query].narrow(0, segment.begin, std::min(segment.end, query + 1) - segment.begin).zero_();
      }
    }
  }
  return mask;
}

at::Tensor naive_loss(const PackedRow &row, const Weights &w) {
  const auto mask = naive_mask(row);
  const auto positions = at::tensor(row.positions).to(at::kFloat);
  auto x = w.at("model.embed_tokens.weight").index_select(0, at::tensor(row.tokens));
  for (const std::string name : {"model.layers.0.", "model.layers.1."}) {
    const auto normed = naive_norm(x, w.at(name + "input_layernorm.weight"));
    const auto part = [&](const std::string &which) {
      return at::linear(normed, w.at(name + "self_attn." + which + "_proj.weight"),
                        w.at(name + "self_attn." + which + "_proj.bias"))
          .unflatten(1, {-1, 8});
    };
    const auto q = naive_rotation(part("q"), positions).transpose(0, 1); // (heads, tokens, 8)
    const auto k = naive_rotation(part("k"), positions).repeat_interleave(2, 1).transpose(0, 1);
    const auto v = part("v").repeat_interleave(2, 1).transpose(0, 1);
    const auto mixed = q.matmul(k.transpose(1, 2)).div(std::sqrt(8.0)).add(mask).softmax(-1).matmul(v);
    x = x.add(at::linear(mixed.transpose(0, 1).flatten(1), w.at(name + "self_attn.o_proj.weight")));
    const auto second = naive_norm(x, w.at(name + "post_attention_layernorm.weight"));
    const auto inner = at::silu(at::linear(second, w.at(name + "mlp.gate_proj.weight")))
                           .mul(at::linear(second, w.at(name + "mlp.up_proj.weight")));
    x = x.add(at::linear(inner, w.at(name + "mlp.down_proj.weight")));
  }
  const auto logits = at::linear(naive_norm(x, w.at("model.norm.weight")), w.at("model.embed_tokens.weight"));
  const auto log_probabilities = logits.log_softmax(-1);
  auto loss = at::full({}, 0.0);
  for (const auto &target : row.targets) {
    loss = loss.sub(log_probabilities[target.at][target.token].mul(target.weight));
  }
  return loss;
}

double difference(const at::Tensor &a, const at::Tensor &b) { return a.sub(b).abs().max().item<double>(); }

class DecoderTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(tiny::write(folder_.path(), tiny::config(), tiny::weights()).ok()); }
  [[nodiscard]] std::unique_ptr<Model> load(const ModelOptions &options = {}) const {
    auto model = Model::load(folder_.path(), options);
    EXPECT_TRUE(model.ok()) << model.error().message();
    return std::move(*model);
  }
  tiny::Folder folder_{"decoder"};
};

TEST_F(DecoderTest, EveryWeightsGradientIsTheNaiveOnes) {
  const auto row = tree();
  for (const bool recompute : {false, true}) {
    const auto model = load({.train_weights = true});
    model->recompute_layers(recompute);
    Weights weights;
    for (const auto &parameter : model->parameters()) {
      weights[parameter.name] = parameter.tensor.detach().clone().set_requires_grad(true);
    }
    ASSERT_EQ(weights.size(), tiny::weights().size());
    const auto expected = naive_loss(row, weights);
    const auto loss = model->loss(row);
    EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-5);
    expected.backward();
    backward(loss);
    for (const auto &parameter : model->parameters()) {
      EXPECT_LT(difference(parameter.tensor.grad(), weights.at(parameter.name).grad()), 1e-5) << parameter.name;
      EXPECT_GT(parameter.tensor.grad().abs().max().item<float>(), 1e-4F) << parameter.name;
    }
  }
}

// Each sample alone, root to leaf, gives what the packed row gives.
TEST_F(DecoderTest, SharingAPrefixChangesNothing) {
  const auto model = load();
  ASSERT_TRUE(model->add_lora({.rank = 4, .alpha = 8}, 5).ok());
  const auto row = tree();
  const auto packed = model->logits(row, {11, 13, 8});
  const auto alone = [&](std::vector<std::int64_t> places) {
    PackedRow single;
    for (std::size_t i = 0; i < places.size(); ++i) {
      single.tokens.push_back(row.tokens[static_cast<std::size_t>(places[i])]);
      single.positions.push_back(static_cast<std::int64_t>(i));
    }
    single.segments = {{0, static_cast<std::int64_t>(places.size()), -1}};
    return model->logits(single, {static_cast<std::int64_t>(places.size()) - 1})[0];
  };
  EXPECT_LT(difference(packed[0], alone({0, 1, 2, 3, 4, 9, 10, 11})), 1e-5);
  EXPECT_LT(difference(packed[1], alone({0, 1, 2, 3, 4, 9, 10, 11, 12, 13})), 1e-5);
  EXPECT_LT(difference(packed[2], alone({0, 1, 2, 3, 4, 5, 6, 7, 8})), 1e-5);
}

TEST_F(DecoderTest, RecomputingWithDropoutIsBitForBitTheSame) {
  const auto row = tree();
  std::vector<std::vector<at::Tensor>> gradients;
  std::vector<float> losses;
  for (const auto &[recompute, seed] : {std::pair{false, 9}, {true, 9}, {false, 10}}) {
    const auto model = load();
    ASSERT_TRUE(model->add_lora({.rank = 4, .alpha = 64, .dropout = 0.3F}, 5).ok());
    for (const auto &parameter : model->parameters()) {
      parameter.tensor.detach().add_(0.05); // B is zero at first: then dropout would show nowhere
    }
    model->recompute_layers(recompute);
    const auto loss = model->loss(row, {.training = true, .dropout_seed = static_cast<std::uint64_t>(seed)});
    backward(loss);
    losses.push_back(loss.item<float>());
    gradients.emplace_back();
    for (const auto &parameter : model->parameters()) {
      gradients.back().push_back(parameter.tensor.grad());
    }
  }
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_NE(losses[0], losses[2]);
  for (std::size_t i = 0; i < gradients[0].size(); ++i) {
    EXPECT_TRUE(gradients[0][i].equal(gradients[1][i])) << i;
  }
}

TEST_F(DecoderTest, AnAdapterComesBackFromItsFiles) {
  const auto row = tree();
  for (const bool dora : {false, true}) {
    const auto model = load();
    const auto plain = model->logits(row, {19});
    ASSERT_TRUE(model->add_lora({.rank = 4, .alpha = 8, .dora = dora, .targets = {"q_proj", "down_proj"}}, 5).ok());
    EXPECT_LT(difference(model->logits(row, {19}), plain), 1e-5); // a fresh one changes nothing
    for (const auto &parameter : model->parameters()) {
      parameter.tensor.detach().add_(0.1);
    }
    const auto adapted = model->logits(row, {19});
    EXPECT_GT(difference(adapted, plain), 0.01);
    EXPECT_TRUE(model->logits(row, {19}, {.adapter = false}).equal(plain));
    ASSERT_TRUE(model->save_adapter(folder_.path() / "adapter", "tiny").ok());

    const auto again = load();
    const auto loaded = again->load_adapter(folder_.path() / "adapter");
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    EXPECT_TRUE(again->logits(row, {19}).equal(adapted));

    // Folded into the weights it gives the same.
    std::vector<tiny::Entry> merged;
    for (const auto &weight : again->merged_weights()) {
      const auto tensor = weight.make().contiguous();
      merged.push_back({weight.name,
                        weight.shape,
                        {tensor.const_data_ptr<float>(), tensor.const_data_ptr<float>() + tensor.numel()}});
    }
    const tiny::Folder other("merged");
    ASSERT_TRUE(tiny::write(other.path(), tiny::config(), merged).ok());
    const auto whole = Model::load(other.path());
    ASSERT_TRUE(whole.ok()) << whole.error().message();
    EXPECT_LT(difference((*whole)->logits(row, {19}), adapted), 1e-4);
  }
}

TEST_F(DecoderTest, BadAdaptersAndRowsAreRefused) {
  const auto model = load();
  EXPECT_FALSE(model->add_lora({.targets = {"nothing_like_it"}}, 1).ok());
  EXPECT_FALSE(model->add_lora({.rank = 0}, 1).ok());
  EXPECT_FALSE(model->add_lora({.dropout = 1.0F}, 1).ok());
  EXPECT_FALSE(model->save_adapter(folder_.path() / "none", "").ok());
  EXPECT_FALSE(model->load_adapter(folder_.path()).ok());
  auto row = tree();
  row.tokens[3] = 60;
  EXPECT_THROW((void)model->loss(row), std::logic_error);
  row = tree();
  row.segments[1].begin = 6;
  EXPECT_THROW((void)model->loss(row), std::logic_error);
  row = tree();
  row.targets[0].token = -1;
  EXPECT_THROW((void)model->loss(row), std::logic_error);
}

} // namespace
} // namespace yanxing::nn
