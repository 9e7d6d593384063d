#include "nn/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace yanxing::nn {
namespace {

// Llama 3.1: low frequencies are divided by `factor`, high ones kept, those between interpolated.
std::vector<float> llama3(Fields &parameters, std::vector<float> frequencies) {
  const float factor = parameters.number("factor");
  const float low = parameters.number_or("low_freq_factor", 1.0F);
  const float high = parameters.number_or("high_freq_factor", 4.0F);
  const float old_context = parameters.number_or("original_max_position_embeddings", 8192.0F);
  for (auto &frequency : frequencies) {
    const float wave = 2.0F * std::numbers::pi_v<float> / frequency;
    if (wave > old_context / low) {
      frequency /= factor;
    } else if (wave >= old_context / high) {
      const float smooth = (old_context / wave - low) / (high - low);
      frequency = (1.0F - smooth) * frequency / factor + smooth * frequency;
    }
  }
  return frequencies;
}

struct Yarn {
  float factor = 1;
  float beta_fast = 32;
  float beta_slow = 1;
  double original_context = 0;
  bool whole = true; // the range's ends are rounded outwards
};

// YaRN, arXiv:2309.00071, "NTK-by-parts".
std::vector<float> yarn(const Yarn &how, double theta, std::int64_t rotated) {
  const auto turns_at = [&](double turns) {
    return static_cast<double>(rotated) * std::log(how.original_context / (turns * 2 * std::numbers::pi)) /
           (2 * std::log(theta));
  };
  double low = turns_at(how.beta_fast);
  double high = turns_at(how.beta_slow);
  if (how.whole) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rotated - 1));
  if (low == high) {
    high += 0.001;
  }
  auto frequencies = inverse_frequencies(static_cast<float>(theta), rotated);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const auto ramp = static_cast<float>(std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0));
    frequencies[i] = frequencies[i] / how.factor * ramp + frequencies[i] * (1.0F - ramp);
  }
  return frequencies;
}

float yarn_attention_factor(float factor) { return factor <= 1.0F ? 1.0F : 0.1F * std::log(factor) + 1.0F; }

// Each frequency divided by its own factor.
std::vector<float> divided(std::vector<float> frequencies, Fields &parameters, const std::string &name) {
  const auto *factors = parameters.find(name);
  if (factors == nullptr || !factors->is_array() || factors->size() != frequencies.size()) {
    parameters.fail(name + " has not one factor for each of the " + std::to_string(frequencies.size()) +
                    " frequencies");
    return frequencies;
  }
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    if (!(*factors)[i].is_number() || (*factors)[i].get<float>() <= 0) {
      parameters.fail(name + " holds something else than positive numbers");
      return frequencies;
    }
    frequencies[i] /= (*factors)[i].get<float>();
  }
  return frequencies;
}

RopeConfig long_rope(Fields &parameters, float theta, std::int64_t rotated, std::int64_t context) {
  RopeConfig rope;
  const auto plain = inverse_frequencies(theta, rotated);
  rope.inverse_frequencies = divided(plain, parameters, "short_factor");
  rope.long_inverse_frequencies = divided(plain, parameters, "long_factor");
  rope.switch_at = parameters.size_or("original_max_position_embeddings", context);
  const float factor = parameters.number_or("factor", static_cast<float>(context) / static_cast<float>(rope.switch_at));
  const float otherwise =
      factor <= 1.0F ? 1.0F : std::sqrt(1.0F + std::log(factor) / std::log(static_cast<float>(rope.switch_at)));
  rope.attention_factor = parameters.number_or("attention_factor", otherwise);
  return rope;
}

} // namespace

std::vector<float> inverse_frequencies(float theta, std::int64_t rotated, float factor) {
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < rotated / 2; ++i) {
    frequencies.push_back(1.0F / std::pow(theta, static_cast<float>(2 * i) / static_cast<float>(rotated)) / factor);
  }
  return frequencies;
}

RopeConfig rope_from_hf(Fields &parameters, float theta, std::int64_t rotated, std::int64_t context) {
  theta = parameters.number_or("rope_theta", theta);
  const auto type = parameters.text_or("rope_type", parameters.text_or("type", "default"));
  RopeConfig rope;
  if (type == "llama3") {
    rope.inverse_frequencies = llama3(parameters, inverse_frequencies(theta, rotated));
  } else if (type == "yarn") {
    Yarn how;
    how.factor = parameters.number("factor");
    how.beta_fast = parameters.number_or("beta_fast", 32.0F);
    how.beta_slow = parameters.number_or("beta_slow", 1.0F);
    how.original_context = static_cast<double>(parameters.size_or("original_max_position_embeddings", context));
    how.whole = parameters.flag_or("truncate", true);
    rope.inverse_frequencies = yarn(how, theta, rotated);
    rope.attention_factor = parameters.number_or("attention_factor", yarn_attention_factor(how.factor));
  } else if (type == "longrope" || type == "su") {
    return long_rope(parameters, theta, rotated, context);
  } else if (type == "linear") {
    rope.inverse_frequencies = inverse_frequencies(theta, rotated, parameters.number("factor"));
  } else if (type == "default" || type == "dynamic" || type == "mrope") {
    rope.inverse_frequencies = inverse_frequencies(theta, rotated); // dynamic: the same within the trained context
  } else {
    parameters.fail("the rope type " + type + " is not known");
  }
  return rope;
}

RopeConfig rope_from_gguf(Fields &metadata, float theta, std::int64_t rotated, std::int64_t context) {
  const auto type = metadata.text_or("rope.scaling.type", "none");
  const float factor = metadata.number_or("rope.scaling.factor", 1.0F);
  RopeConfig rope;
  if (type == "yarn") {
    Yarn how;
    how.factor = factor;
    how.original_context = static_cast<double>(metadata.size_or("rope.scaling.original_context_length", context));
    how.beta_fast = metadata.number_or("rope.scaling.yarn_beta_fast", 32.0F);
    how.beta_slow = metadata.number_or("rope.scaling.yarn_beta_slow", 1.0F);
    rope.inverse_frequencies = yarn(how, theta, rotated);
    rope.attention_factor = metadata.number_or("rope.scaling.attn_factor", 1.0F) * yarn_attention_factor(factor);
  } else if (type == "linear") {
    rope.inverse_frequencies = inverse_frequencies(theta, rotated, factor);
  } else {
    rope.inverse_frequencies = inverse_frequencies(theta, rotated);
    rope.attention_factor = metadata.number_or("rope.scaling.attn_factor", 1.0F);
    rope.switch_at = metadata.size_or("rope.scaling.original_context_length", context);
  }
  return rope;
}

} // namespace yanxing::nn
