// Products of quantised weights with activations on CPUs with AVX2, for the block formats that ggml multiplies row by
// row there or on a slower way (Q5_0, Q8_0, Q4_K, Q6_K). Eight rows are packed into one block, so that a vector holds
// the same four (Q8_0: two) columns of eight rows: one broadcast of the activations serves all eight, no sum runs
// across a vector, and what is unpacked once serves kTileTokens tokens. The numbers of the weights are the file's, only
// their order is another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace yanxing::llm {

enum class PackedFormat { kQ50, kQ80, kQ4K, kQ6K }; // of ggml: Q5_0, Q8_0, Q4_K, Q6_K

inline constexpr int kRowsOfBlock = 8;
inline constexpr int kTileTokens = 4;

// The CPU can; else nothing below may be called.
bool can_multiply_packed();

// Columns of a row must be a multiple of it.
int columns_of_block(PackedFormat format);
// Of kRowsOfBlock rows, packed.
std::size_t bytes_of_eight_rows(PackedFormat format, int columns);

// `rows`: kRowsOfBlock consecutive rows in the layout of ggml; `packed`: bytes_of_eight_rows.
void pack_rows(PackedFormat format, const std::byte *rows, int columns, std::byte *packed);

// Activations of one token: 8 bits a number, a scale for every 32, as in Q8_0 but with a scale of full precision.
inline constexpr int kActivationGroup = 32;
std::size_t bytes_of_activations(PackedFormat format, int columns);
// The groups [first, last) of `numbers` (columns long) into `quantised` (bytes_of_activations, aligned to 32).
void quantise_activations(PackedFormat format, std::span<const float> numbers, int first, int last,
                          std::byte *quantised);

// out[t][r] for the eight rows of `packed` and up to kTileTokens tokens.
void multiply_packed(PackedFormat format, const std::byte *packed, int columns,
                     std::span<const std::byte *const> tokens, std::span<float *const> out);

} // namespace yanxing::llm
