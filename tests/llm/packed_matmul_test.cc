#include "llm/packed_matmul.h"

#include <ggml.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

namespace yanxing::llm {
namespace {

struct Kind {
  PackedFormat format;
  ggml_type type;
};

constexpr int kTokens = 7; // a whole tile and a part of one

// Eight rows in ggml's blocks, and what they say in full.
struct Rows {
  std::vector<std::byte> blocks;
  std::vector<float> values;
};

Rows random_rows(ggml_type type, int columns, std::mt19937 &random) {
  std::normal_distribution<float> normal(0, 0.05F);
  std::vector<float> wished(static_cast<std::size_t>(kRowsOfBlock) * static_cast<std::size_t>(columns));
  for (auto &value : wished) {
    value = normal(random);
  }
  Rows rows{std::vector<std::byte>(ggml_row_size(type, columns) * kRowsOfBlock), std::vector<float>(wished.size())};
  ggml_quantize_chunk(type, wished.data(), rows.blocks.data(), 0, kRowsOfBlock, columns, nullptr);
  ggml_get_type_traits(type)->to_float(rows.blocks.data(), rows.values.data(),
                                       static_cast<std::int64_t>(wished.size()));
  return rows;
}

// The nearest of 255 steps for every 32 numbers.
std::vector<float> rounded(std::vector<float> numbers) {
  for (std::size_t first = 0; first < numbers.size(); first += kActivationGroup) {
    float largest = 0;
    for (std::size_t k = first; k < first + kActivationGroup; ++k) {
      largest = std::max(largest, std::fabs(numbers[k]));
    }
    for (std::size_t k = first; k < first + kActivationGroup; ++k) {
      numbers[k] = largest == 0 ? 0 : std::nearbyint(numbers[k] * (127.0F / largest)) * (largest / 127.0F);
    }
  }
  return numbers;
}

class PackedMatmul : public testing::TestWithParam<Kind> {
protected:
  void SetUp() override {
    if (!can_multiply_packed()) {
      GTEST_SKIP() << "this CPU has no AVX2";
    }
  }
};

void expect_products(const Kind &kind, const Rows &rows, const std::vector<std::vector<float>> &activations) {
  const auto columns = static_cast<int>(activations[0].size());
  std::vector<std::byte> packed(bytes_of_eight_rows(kind.format, columns));
  pack_rows(kind.format, rows.blocks.data(), columns, packed.data());
  const std::size_t bytes = (bytes_of_activations(kind.format, columns) + 31) / 32 * 32;
  std::vector<std::byte> quantised(bytes * activations.size());
  std::vector<std::array<float, kRowsOfBlock>> products(activations.size());
  for (std::size_t first = 0; first < activations.size(); first += kTileTokens) {
    std::vector<const std::byte *> tile;
    std::vector<float *> out;
    for (std::size_t t = first; t < std::min(activations.size(), first + kTileTokens); ++t) {
      std::byte *place = quantised.data() + t * bytes;
      const int groups = columns / kActivationGroup;
      quantise_activations(kind.format, activations[t], groups / 2, groups, place); // in two shares, as threads do
      quantise_activations(kind.format, activations[t], 0, groups / 2, place);
      tile.push_back(place);
      out.push_back(products[t].data());
    }
    multiply_packed(kind.format, packed.data(), columns, tile, out);
  }
  for (std::size_t t = 0; t < activations.size(); ++t) {
    const auto numbers = rounded(activations[t]);
    for (std::size_t r = 0; r < kRowsOfBlock; ++r) {
      double exact = 0;
      double size = 0;
      for (std::size_t k = 0; k < numbers.size(); ++k) {
        const double product = static_cast<double>(rows.values[r * numbers.size() + k]) * numbers[k];
        exact += product;
        size += std::fabs(product);
      }
      EXPECT_NEAR(products[t][r], exact, 2e-6 * size + 1e-12) << "token " << t << ", row " << r;
    }
  }
}

TEST_P(PackedMatmul, GivesWhatTheSameNumbersGiveInFull) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 3);
  for (const int columns : {256, 1536}) {
    std::vector<std::vector<float>> activations(kTokens, std::vector<float>(static_cast<std::size_t>(columns)));
    for (auto &token : activations) {
      for (auto &value : token) {
        value = normal(random);
      }
    }
    activations[1].assign(activations[1].size(), 0); // nothing to divide by
    expect_products(GetParam(), random_rows(GetParam().type, columns, random), activations);
  }
}

// The largest weights times the largest activations, all of one sign, or all against each other: no sum may overflow.
TEST_P(PackedMatmul, NoSumOverflows) {
  std::mt19937 random(9);
  constexpr std::size_t kColumns = 512;
  for (const unsigned char bits : {0x00, 0xFF, 0x7F, 0x80}) {
    auto rows = random_rows(GetParam().type, kColumns, random);
    const auto scales = rows.blocks;
    std::fill(rows.blocks.begin(), rows.blocks.end(), std::byte{bits});
    // The scales alone stay as they were: Q5_0 and Q8_0 begin with theirs, Q4_K with two and Q6_K ends with it.
    const std::size_t block = ggml_type_size(GetParam().type);
    const std::size_t first = GetParam().type == GGML_TYPE_Q6_K ? block - 2 : 0;
    const std::size_t count = GetParam().type == GGML_TYPE_Q4_K ? 4 : 2;
    for (std::size_t at = 0; at < rows.blocks.size(); at += block) {
      std::copy_n(scales.begin() + static_cast<std::ptrdiff_t>(at + first), count,
                  rows.blocks.begin() + static_cast<std::ptrdiff_t>(at + first));
    }
    ggml_get_type_traits(GetParam().type)
        ->to_float(rows.blocks.data(), rows.values.data(), static_cast<std::int64_t>(rows.values.size()));
    for (const float sign : {1.0F, -1.0F}) {
      expect_products(GetParam(), rows, {std::vector<float>(kColumns, sign * 127)});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, PackedMatmul,
                         testing::Values(Kind{PackedFormat::kQ50, GGML_TYPE_Q5_0},
                                         Kind{PackedFormat::kQ80, GGML_TYPE_Q8_0},
                                         Kind{PackedFormat::kQ4K, GGML_TYPE_Q4_K},
                                         Kind{PackedFormat::kQ6K, GGML_TYPE_Q6_K}),
                         [](const auto &tested) { return std::string(ggml_type_name(tested.param.type)); });

} // namespace
} // namespace yanxing::llm
