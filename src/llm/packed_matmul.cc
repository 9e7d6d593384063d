#include "llm/packed_matmul.h"

#include <cstring>
#include <tuple>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace yanxing::llm {
namespace {

// ---- layouts: ggml's blocks of one row, and ours of eight

using Half = std::uint16_t;

struct RowQ50 { // 32 numbers d·(q − 16)
  Half scale;
  std::uint8_t high[4]; // bit k: the fifth bit of q[k]
  std::uint8_t low[16]; // q[k] | q[k + 16] << 4
};
struct RowQ80 { // 32 numbers d·q
  Half scale;
  std::int8_t values[32];
};
struct RowQ4K { // 256 numbers d·s[k / 32]·q − e·m[k / 32]
  Half scale;
  Half minimum;
  std::uint8_t fine[12]; // s and m, six bits each
  std::uint8_t low[128]; // in each 64 columns: q[k] | q[k + 32] << 4
};
struct RowQ6K { // 256 numbers d·s[k / 16]·(q − 32)
  std::uint8_t low[128];
  std::uint8_t high[64];
  std::int8_t scales[16];
  Half scale;
};

// Vector j (0 … 7) of 32 columns holds in its byte 4·row + i the column 4·j + i.
struct PackedQ50 {
  Half scales[kRowsOfBlock];
  std::uint8_t high[32];   // bit j: the fifth bit of vector j
  std::uint8_t low[4][32]; // vector j | vector j + 4 << 4
};
// Vector j (0 … 15) holds in its 16-bit number 2·row + i the column 2·j + i.
struct PackedQ80 {
  Half scales[kRowsOfBlock];
  std::int8_t values[16][16];
};
struct PackedQ4K {
  Half scale[kRowsOfBlock];
  Half minimum[kRowsOfBlock];
  struct Part { // 32 columns, vectors as in PackedQ50
    std::uint8_t scales[kRowsOfBlock];
    std::uint8_t minima[kRowsOfBlock];
    std::uint8_t low[4][32];
  } parts[8];
};
struct PackedQ6K {
  Half scale[kRowsOfBlock];
  std::int8_t scales[16][kRowsOfBlock]; // of every 16 columns
  struct Part {                         // 32 columns, vectors as in PackedQ50
    std::uint8_t high[2][32];           // bits 2·(j % 4) and the next: the upper two of vector j, in high[j / 4]
    std::uint8_t low[4][32];
  } parts[8];
};
static_assert(sizeof(RowQ50) == 22 && sizeof(RowQ80) == 34 && sizeof(RowQ4K) == 144 && sizeof(RowQ6K) == 210);

// A group of 32 activations beside its numbers: value = scale·q; the sums belong to the weights' offset.
struct GroupFacts {
  float scale;
  float sum;    // scale · Σq
  float first;  // … of its first 16
  float second; // … of its last 16
};

template <typename Number> const GroupFacts *facts_of(const std::byte *quantised, int columns) {
  return reinterpret_cast<const GroupFacts *>(quantised + static_cast<std::size_t>(columns) * sizeof(Number));
}

// ---- packing

std::uint32_t word_at(const void *from) {
  std::uint32_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}
void set_word(std::uint8_t *vector, int row, std::uint32_t word) { std::memcpy(vector + 4 * row, &word, sizeof(word)); }

// Every fourth bit of `bits`, from bit 0 on, side by side.
std::uint32_t every_fourth(std::uint32_t bits) {
  bits &= 0x11111111;
  bits = (bits | bits >> 3) & 0x03030303;
  bits = (bits | bits >> 6) & 0x000F000F;
  return (bits | bits >> 12) & 0xFF;
}

void pack_row(const RowQ50 &from, int row, PackedQ50 &packed) {
  packed.scales[row] = from.scale;
  const std::uint32_t high = word_at(from.high);
  for (int j = 0; j < 4; ++j) { // columns k and k + 16 share a byte in both layouts
    set_word(packed.low[j], row, word_at(from.low + 4 * j));
    packed.high[4 * row + j] = static_cast<std::uint8_t>(every_fourth(high >> j));
  }
}

void pack_row(const RowQ80 &from, int row, PackedQ80 &packed) {
  packed.scales[row] = from.scale;
  for (int j = 0; j < 16; ++j) {
    std::memcpy(packed.values[j] + 2 * row, from.values + 2 * j, 2);
  }
}

// Scale and minimum of the columns 32·part … (ggml keeps the upper two bits of the last four beside the first four).
std::pair<std::uint8_t, std::uint8_t> fine_of(const RowQ4K &row, int part) {
  const std::uint8_t *q = row.fine;
  if (part < 4) {
    return {q[part] & 63, q[part + 4] & 63};
  }
  return {(q[part + 4] & 0xF) | (q[part - 4] >> 6) << 4, (q[part + 4] >> 4) | (q[part] >> 6) << 4};
}

constexpr std::uint32_t kNibbles = 0x0F0F0F0F;

// 32 columns whose nibbles lie in 32 bytes at `shift`.
void pack_nibbles(const std::uint8_t *low, int shift, int row, std::uint8_t (&packed)[4][32]) {
  for (int j = 0; j < 4; ++j) {
    const std::uint32_t one = (word_at(low + 4 * j) >> shift) & kNibbles;
    const std::uint32_t two = (word_at(low + 16 + 4 * j) >> shift) & kNibbles;
    set_word(packed[j], row, one | two << 4);
  }
}

void pack_row(const RowQ4K &from, int row, PackedQ4K &packed) {
  packed.scale[row] = from.scale;
  packed.minimum[row] = from.minimum;
  for (int p = 0; p < 8; ++p) {
    std::tie(packed.parts[p].scales[row], packed.parts[p].minima[row]) = fine_of(from, p);
    pack_nibbles(from.low + 32 * (p / 2), 4 * (p % 2), row, packed.parts[p].low);
  }
}

// In ggml's order the columns 32·q … 32·q + 31 of a half of 128 have their nibbles in 32 bytes of the half's 64, the
// low ones for q < 2, and their upper two bits at bit 2·q of the half's 32 bytes.
void pack_row(const RowQ6K &from, int row, PackedQ6K &packed) {
  packed.scale[row] = from.scale;
  for (int group = 0; group < 16; ++group) {
    packed.scales[group][row] = from.scales[group];
  }
  for (int p = 0; p < 8; ++p) {
    const int quarter = p % 4;
    const std::uint8_t *high = from.high + 32 * (p / 4);
    auto &part = packed.parts[p];
    pack_nibbles(from.low + 64 * (p / 4) + 32 * (quarter % 2), quarter < 2 ? 0 : 4, row, part.low);
    for (int half = 0; half < 2; ++half) {
      std::uint32_t upper = 0;
      for (int j = 0; j < 4; ++j) {
        upper |= ((word_at(high + 16 * half + 4 * j) >> (2 * quarter)) & 0x03030303) << (2 * j);
      }
      set_word(part.high[half], row, upper);
    }
  }
}

template <typename Row, typename Packed> void pack_all(const std::byte *rows, int blocks, std::byte *packed) {
  for (int block = 0; block < blocks; ++block) {
    Packed eight;
    for (int r = 0; r < kRowsOfBlock; ++r) {
      Row one;
      std::memcpy(&one, rows + sizeof(Row) * (static_cast<std::size_t>(r) * blocks + block), sizeof(Row));
      pack_row(one, r, eight);
    }
    std::memcpy(packed + sizeof(Packed) * static_cast<std::size_t>(block), &eight, sizeof(Packed));
  }
}

#if defined(__x86_64__)
#define YANXING_AVX2 __attribute__((target("avx2,fma,f16c")))
#define YANXING_AVX2_INLINE __attribute__((target("avx2,fma,f16c"), always_inline)) inline

using Integers = __m256i;
using Floats = __m256;

YANXING_AVX2_INLINE Integers load(const void *from) { return _mm256_loadu_si256(static_cast<const __m256i *>(from)); }
YANXING_AVX2_INLINE Floats floats_of(const Half *eight) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(eight)));
}
// One token reads every weight once: the memory is what it waits for, so the lines are asked for early.
template <int kTokens, typename Block> YANXING_AVX2_INLINE void fetch_ahead(const Block *block) {
  if constexpr (kTokens == 1) {
    constexpr std::size_t kAhead = 2048;
    const char *at = reinterpret_cast<const char *>(block) + kAhead;
    for (std::size_t line = 0; line < sizeof(Block); line += 64) {
      _mm_prefetch(at + line, _MM_HINT_T0);
    }
  }
}
YANXING_AVX2_INLINE Floats floats_of_bytes(const std::uint8_t *eight) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(eight))));
}
YANXING_AVX2_INLINE Integers broadcast_32_bits(const void *from) {
  std::int32_t bits = 0;
  std::memcpy(&bits, from, sizeof(bits));
  return _mm256_set1_epi32(bits);
}

// One group of activations: the numbers, 8 bits each, and what belongs to them.
template <typename Number> YANXING_AVX2 GroupFacts quantise_group(const float *x, Number *values) {
  Floats numbers[4];
  Floats largest = _mm256_setzero_ps();
  for (int i = 0; i < 4; ++i) {
    numbers[i] = _mm256_loadu_ps(x + 8 * i);
    largest = _mm256_max_ps(largest, _mm256_andnot_ps(_mm256_set1_ps(-0.0F), numbers[i]));
  }
  __m128 most = _mm_max_ps(_mm256_castps256_ps128(largest), _mm256_extractf128_ps(largest, 1));
  most = _mm_max_ps(most, _mm_movehl_ps(most, most));
  most = _mm_max_ss(most, _mm_movehdup_ps(most));
  const float bound = _mm_cvtss_f32(most);
  const Floats inverse = _mm256_set1_ps(bound > 0 ? 127.0F / bound : 0);
  Integers rounded[4];
  for (int i = 0; i < 4; ++i) {
    rounded[i] = _mm256_cvtps_epi32(_mm256_mul_ps(numbers[i], inverse));
  }
  Integers halves[2]; // sixteen numbers of 16 bits each
  float sums[2];
  for (int i = 0; i < 2; ++i) {
    halves[i] = _mm256_permute4x64_epi64(_mm256_packs_epi32(rounded[2 * i], rounded[2 * i + 1]), 0xD8);
    const Integers pairs = _mm256_madd_epi16(halves[i], _mm256_set1_epi16(1));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
    sums[i] = static_cast<float>(_mm_cvtsi128_si32(sum));
  }
  if constexpr (sizeof(Number) == 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(values), halves[0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(values + 16), halves[1]);
  } else {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(values),
                        _mm256_permute4x64_epi64(_mm256_packs_epi16(halves[0], halves[1]), 0xD8));
  }
  const float scale = bound / 127.0F;
  return {scale, scale * (sums[0] + sums[1]), scale * sums[0], scale * sums[1]};
}

template <typename Number>
YANXING_AVX2 void quantise(std::span<const float> numbers, int first, int last, std::byte *quantised) {
  auto *values = reinterpret_cast<Number *>(quantised);
  auto *facts = reinterpret_cast<GroupFacts *>(quantised + numbers.size() * sizeof(Number));
  for (std::ptrdiff_t group = first; group < last; ++group) {
    facts[group] = quantise_group(numbers.data() + group * kActivationGroup, values + group * kActivationGroup);
  }
}

// The tokens that a kernel serves at once: their numbers, what belongs to these, and the eight rows' sums so far.
template <typename Number, int kTokens> struct Tile {
  const Number *x[kTokens];
  const GroupFacts *facts[kTokens];
  Floats totals[kTokens];

  YANXING_AVX2_INLINE Tile(const std::byte *const *tokens, int columns) {
    for (int t = 0; t < kTokens; ++t) {
      x[t] = reinterpret_cast<const Number *>(tokens[t]);
      facts[t] = facts_of<Number>(tokens[t], columns);
      totals[t] = _mm256_setzero_ps();
    }
  }
  YANXING_AVX2_INLINE void store(float *const *out) const {
    for (int t = 0; t < kTokens; ++t) {
      _mm256_storeu_ps(out[t], totals[t]);
    }
  }
};

// Up to four products of an unsigned number below 32 and one of 8 bits stay in 16 bits (4·2·31·127 < 2^15), two of one
// below 64 as well (2·2·63·127 < 2^15): they are added before they are widened.
template <int kTokens>
YANXING_AVX2_INLINE void add_four(const Integers (&weights)[4], const std::int8_t *const *x, int at, Integers ones,
                                  Integers (&sums)[kTokens]) {
  for (int t = 0; t < kTokens; ++t) {
    Integers sum = _mm256_maddubs_epi16(weights[0], broadcast_32_bits(x[t] + at));
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights[1], broadcast_32_bits(x[t] + at + 4)));
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights[2], broadcast_32_bits(x[t] + at + 8)));
    sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights[3], broadcast_32_bits(x[t] + at + 12)));
    sums[t] = _mm256_add_epi32(sums[t], _mm256_madd_epi16(sum, ones));
  }
}

template <int kTokens>
YANXING_AVX2 void multiply_q5_0(const std::byte *packed, int columns, const std::byte *const *tokens,
                                float *const *out) {
  const auto *blocks = reinterpret_cast<const PackedQ50 *>(packed);
  const Integers nibble = _mm256_set1_epi8(0xF);
  const Integers fifth = _mm256_set1_epi8(0x10);
  const Integers ones = _mm256_set1_epi16(1);
  const Floats offset = _mm256_set1_ps(-16);
  Tile<std::int8_t, kTokens> tile(tokens, columns);
  const auto &x = tile.x;
  const auto &facts = tile.facts;
  auto &totals = tile.totals;
  for (int b = 0; b < columns / 32; ++b) {
    fetch_ahead<kTokens>(blocks + b);
    const PackedQ50 &block = blocks[b];
    const Integers high = load(block.high);
    Integers sums[kTokens];
    for (int t = 0; t < kTokens; ++t) {
      sums[t] = _mm256_setzero_si256();
    }
    const Integers low[4] = {load(block.low[0]), load(block.low[1]), load(block.low[2]), load(block.low[3])};
    {
      const Integers weights[4] = {
          _mm256_or_si256(_mm256_and_si256(low[0], nibble), _mm256_and_si256(_mm256_slli_epi16(high, 4), fifth)),
          _mm256_or_si256(_mm256_and_si256(low[1], nibble), _mm256_and_si256(_mm256_slli_epi16(high, 3), fifth)),
          _mm256_or_si256(_mm256_and_si256(low[2], nibble), _mm256_and_si256(_mm256_slli_epi16(high, 2), fifth)),
          _mm256_or_si256(_mm256_and_si256(low[3], nibble), _mm256_and_si256(_mm256_slli_epi16(high, 1), fifth))};
      add_four<kTokens>(weights, x, 32 * b, ones, sums);
    }
    {
      const Integers weights[4] = {
          _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low[0], 4), nibble), _mm256_and_si256(high, fifth)),
          _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low[1], 4), nibble),
                          _mm256_and_si256(_mm256_srli_epi16(high, 1), fifth)),
          _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low[2], 4), nibble),
                          _mm256_and_si256(_mm256_srli_epi16(high, 2), fifth)),
          _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low[3], 4), nibble),
                          _mm256_and_si256(_mm256_srli_epi16(high, 3), fifth))};
      add_four<kTokens>(weights, x, 32 * b + 16, ones, sums);
    }
    const Floats scales = floats_of(block.scales);
    for (int t = 0; t < kTokens; ++t) {
      const Floats centre = _mm256_mul_ps(offset, _mm256_broadcast_ss(&facts[t][b].sum));
      const Floats product =
          _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[t]), _mm256_broadcast_ss(&facts[t][b].scale), centre);
      totals[t] = _mm256_fmadd_ps(scales, product, totals[t]);
    }
  }
  tile.store(out);
}

template <int kTokens>
YANXING_AVX2 void multiply_q8_0(const std::byte *packed, int columns, const std::byte *const *tokens,
                                float *const *out) {
  const auto *blocks = reinterpret_cast<const PackedQ80 *>(packed);
  Tile<std::int16_t, kTokens> tile(tokens, columns);
  const auto &x = tile.x;
  const auto &facts = tile.facts;
  auto &totals = tile.totals;
  for (int b = 0; b < columns / 32; ++b) {
    fetch_ahead<kTokens>(blocks + b);
    const PackedQ80 &block = blocks[b];
    Integers sums[kTokens];
    for (int t = 0; t < kTokens; ++t) {
      sums[t] = _mm256_setzero_si256();
    }
    for (int j = 0; j < 16; ++j) {
      const Integers weights =
          _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(block.values[j])));
      for (int t = 0; t < kTokens; ++t) {
        sums[t] = _mm256_add_epi32(sums[t], _mm256_madd_epi16(weights, broadcast_32_bits(x[t] + 32 * b + 2 * j)));
      }
    }
    const Floats scales = floats_of(block.scales);
    for (int t = 0; t < kTokens; ++t) {
      const Floats product = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[t]), _mm256_broadcast_ss(&facts[t][b].scale));
      totals[t] = _mm256_fmadd_ps(scales, product, totals[t]);
    }
  }
  tile.store(out);
}

template <int kTokens>
YANXING_AVX2 void multiply_q4_k(const std::byte *packed, int columns, const std::byte *const *tokens,
                                float *const *out) {
  const auto *blocks = reinterpret_cast<const PackedQ4K *>(packed);
  const Integers nibble = _mm256_set1_epi8(0xF);
  const Integers ones = _mm256_set1_epi16(1);
  Tile<std::int8_t, kTokens> tile(tokens, columns);
  const auto &x = tile.x;
  const auto &facts = tile.facts;
  auto &totals = tile.totals;
  for (int b = 0; b < columns / 256; ++b) {
    fetch_ahead<kTokens>(blocks + b);
    const Floats scale = floats_of(blocks[b].scale);
    const Floats minimum = floats_of(blocks[b].minimum);
    for (int p = 0; p < 8; ++p) {
      const auto &part = blocks[b].parts[p];
      const int group = 8 * b + p;
      Integers sums[kTokens]; // eight products of numbers below 16 stay in 16 bits (8·2·15·127 < 2^15)
      for (int t = 0; t < kTokens; ++t) {
        sums[t] = _mm256_setzero_si256();
      }
      for (int j = 0; j < 4; ++j) {
        const Integers both = load(part.low[j]);
        const Integers one = _mm256_and_si256(both, nibble);
        const Integers two = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
        for (int t = 0; t < kTokens; ++t) {
          const std::int8_t *at = x[t] + 32 * group + 4 * j;
          sums[t] = _mm256_add_epi16(sums[t], _mm256_maddubs_epi16(one, broadcast_32_bits(at)));
          sums[t] = _mm256_add_epi16(sums[t], _mm256_maddubs_epi16(two, broadcast_32_bits(at + 16)));
        }
      }
      const Floats scales = _mm256_mul_ps(scale, floats_of_bytes(part.scales));
      const Floats minima = _mm256_mul_ps(minimum, floats_of_bytes(part.minima));
      for (int t = 0; t < kTokens; ++t) {
        const Floats sum = _mm256_cvtepi32_ps(_mm256_madd_epi16(sums[t], ones));
        const Floats product = _mm256_mul_ps(sum, _mm256_broadcast_ss(&facts[t][group].scale));
        totals[t] = _mm256_fmadd_ps(scales, product, totals[t]);
        totals[t] = _mm256_fnmadd_ps(minima, _mm256_broadcast_ss(&facts[t][group].sum), totals[t]);
      }
    }
  }
  tile.store(out);
}

// The sums of 16 columns (four vectors), widened.
template <int kTokens>
YANXING_AVX2_INLINE void sum_sixteen(const Integers (&weights)[4], const std::int8_t *const *x, int at, Integers ones,
                                     Integers (&sums)[kTokens]) {
  for (int t = 0; t < kTokens; ++t) {
    const Integers one = _mm256_add_epi16(_mm256_maddubs_epi16(weights[0], broadcast_32_bits(x[t] + at)),
                                          _mm256_maddubs_epi16(weights[1], broadcast_32_bits(x[t] + at + 4)));
    const Integers two = _mm256_add_epi16(_mm256_maddubs_epi16(weights[2], broadcast_32_bits(x[t] + at + 8)),
                                          _mm256_maddubs_epi16(weights[3], broadcast_32_bits(x[t] + at + 12)));
    sums[t] = _mm256_add_epi32(_mm256_madd_epi16(one, ones), _mm256_madd_epi16(two, ones));
  }
}

template <int kTokens>
YANXING_AVX2_INLINE void add_scaled(Floats scales, const std::int8_t *eight, const Integers (&sums)[kTokens],
                                    const float *const (&scale)[kTokens], const float *const (&sum)[kTokens],
                                    Floats (&totals)[kTokens]) {
  const Floats fine = _mm256_mul_ps(
      scales, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(eight)))));
  for (int t = 0; t < kTokens; ++t) {
    const Floats centre = _mm256_mul_ps(_mm256_set1_ps(-32), _mm256_broadcast_ss(sum[t]));
    const Floats product = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[t]), _mm256_broadcast_ss(scale[t]), centre);
    totals[t] = _mm256_fmadd_ps(fine, product, totals[t]);
  }
}

template <int kTokens>
YANXING_AVX2 void multiply_q6_k(const std::byte *packed, int columns, const std::byte *const *tokens,
                                float *const *out) {
  const auto *blocks = reinterpret_cast<const PackedQ6K *>(packed);
  const Integers nibble = _mm256_set1_epi8(0xF);
  const Integers upper = _mm256_set1_epi8(0x30);
  const Integers ones = _mm256_set1_epi16(1);
  Tile<std::int8_t, kTokens> tile(tokens, columns);
  const auto &x = tile.x;
  const auto &facts = tile.facts;
  auto &totals = tile.totals;
  for (int b = 0; b < columns / 256; ++b) {
    fetch_ahead<kTokens>(blocks + b);
    const Floats scales = floats_of(blocks[b].scale);
    for (int p = 0; p < 8; ++p) {
      const auto &part = blocks[b].parts[p];
      const int group = 8 * b + p;
      const float *scale[kTokens];
      const float *first[kTokens];
      const float *second[kTokens];
      for (int t = 0; t < kTokens; ++t) {
        scale[t] = &facts[t][group].scale;
        first[t] = &facts[t][group].first;
        second[t] = &facts[t][group].second;
      }
      Integers sums[kTokens];
      {
        const Integers high = load(part.high[0]);
        const Integers weights[4] = {
            _mm256_or_si256(_mm256_and_si256(load(part.low[0]), nibble),
                            _mm256_and_si256(_mm256_slli_epi16(high, 4), upper)),
            _mm256_or_si256(_mm256_and_si256(load(part.low[1]), nibble),
                            _mm256_and_si256(_mm256_slli_epi16(high, 2), upper)),
            _mm256_or_si256(_mm256_and_si256(load(part.low[2]), nibble), _mm256_and_si256(high, upper)),
            _mm256_or_si256(_mm256_and_si256(load(part.low[3]), nibble),
                            _mm256_and_si256(_mm256_srli_epi16(high, 2), upper))};
        sum_sixteen<kTokens>(weights, x, 32 * group, ones, sums);
        add_scaled<kTokens>(scales, blocks[b].scales[2 * p], sums, scale, first, totals);
      }
      {
        const Integers high = load(part.high[1]);
        const Integers weights[4] = {_mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(load(part.low[0]), 4), nibble),
                                                     _mm256_and_si256(_mm256_slli_epi16(high, 4), upper)),
                                     _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(load(part.low[1]), 4), nibble),
                                                     _mm256_and_si256(_mm256_slli_epi16(high, 2), upper)),
                                     _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(load(part.low[2]), 4), nibble),
                                                     _mm256_and_si256(high, upper)),
                                     _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(load(part.low[3]), 4), nibble),
                                                     _mm256_and_si256(_mm256_srli_epi16(high, 2), upper))};
        sum_sixteen<kTokens>(weights, x, 32 * group + 16, ones, sums);
        add_scaled<kTokens>(scales, blocks[b].scales[2 * p + 1], sums, scale, second, totals);
      }
    }
  }
  tile.store(out);
}

using Multiply = void (*)(const std::byte *, int, const std::byte *const *, float *const *);
constexpr Multiply kKernels[4][kTileTokens] = {
    {multiply_q5_0<1>, multiply_q5_0<2>, multiply_q5_0<3>, multiply_q5_0<4>},
    {multiply_q8_0<1>, multiply_q8_0<2>, multiply_q8_0<3>, multiply_q8_0<4>},
    {multiply_q4_k<1>, multiply_q4_k<2>, multiply_q4_k<3>, multiply_q4_k<4>},
    {multiply_q6_k<1>, multiply_q6_k<2>, multiply_q6_k<3>, multiply_q6_k<4>}};
#endif

} // namespace

bool can_multiply_packed() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); // F16C is older than both
#else
  return false;
#endif
}

int columns_of_block(PackedFormat format) {
  return format == PackedFormat::kQ4K || format == PackedFormat::kQ6K ? 256 : 32;
}

std::size_t bytes_of_eight_rows(PackedFormat format, int columns) {
  const auto blocks = static_cast<std::size_t>(columns / columns_of_block(format));
  switch (format) {
  case PackedFormat::kQ50:
    return blocks * sizeof(PackedQ50);
  case PackedFormat::kQ80:
    return blocks * sizeof(PackedQ80);
  case PackedFormat::kQ4K:
    return blocks * sizeof(PackedQ4K);
  case PackedFormat::kQ6K:
    break;
  }
  return blocks * sizeof(PackedQ6K);
}

void pack_rows(PackedFormat format, const std::byte *rows, int columns, std::byte *packed) {
  const int blocks = columns / columns_of_block(format);
  switch (format) {
  case PackedFormat::kQ50:
    return pack_all<RowQ50, PackedQ50>(rows, blocks, packed);
  case PackedFormat::kQ80:
    return pack_all<RowQ80, PackedQ80>(rows, blocks, packed);
  case PackedFormat::kQ4K:
    return pack_all<RowQ4K, PackedQ4K>(rows, blocks, packed);
  case PackedFormat::kQ6K:
    return pack_all<RowQ6K, PackedQ6K>(rows, blocks, packed);
  }
}

std::size_t bytes_of_activations(PackedFormat format, int columns) {
  const std::size_t number = format == PackedFormat::kQ80 ? sizeof(std::int16_t) : sizeof(std::int8_t);
  return static_cast<std::size_t>(columns) * number +
         static_cast<std::size_t>(columns / kActivationGroup) * sizeof(GroupFacts);
}

void quantise_activations(PackedFormat format, std::span<const float> numbers, int first, int last,
                          std::byte *quantised) {
#if defined(__x86_64__)
  if (format == PackedFormat::kQ80) {
    quantise<std::int16_t>(numbers, first, last, quantised);
  } else {
    quantise<std::int8_t>(numbers, first, last, quantised);
  }
#else
  (void)format, (void)numbers, (void)first, (void)last, (void)quantised;
#endif
}

void multiply_packed(PackedFormat format, const std::byte *packed, int columns,
                     std::span<const std::byte *const> tokens, std::span<float *const> out) {
#if defined(__x86_64__)
  kKernels[static_cast<int>(format)][tokens.size() - 1](packed, columns, tokens.data(), out.data());
#else
  (void)format, (void)packed, (void)columns, (void)tokens, (void)out;
#endif
}

} // namespace yanxing::llm
