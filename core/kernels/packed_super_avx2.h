// Products of several tokens with packed rows of q4_k, q5_k and q6_k in AVX2. A block of 256
// columns is unpacked to bytes once for all tokens. VPMADDUBSW sums pairs in 16 bits as far as
// these hold them (a run of quads); VPMADDWD with the group's scale, twice in each 32 bits, makes
// them sums of 32 bits times the scale in one step. Sums over a block stay in integers, sums over
// blocks wait in y.
#pragma once

#include "core/kernels/packed_avx2.h"

namespace nety::kernels {
namespace {

constexpr int kTokens = 4;  // of a tile
constexpr int kQuads = 64;  // of a block

/// Scales of eight rows, each twice as 16 bits.
NETY_AVX2_INLINE __m256i twice(__m256i scales) {
  return _mm256_shuffle_epi8(
      scales, _mm256_setr_epi8(0, 1, 0, 1, 4, 5, 4, 5, 8, 9, 8, 9, 12, 13, 12, 13,  //
                               0, 1, 0, 1, 4, 5, 4, 5, 8, 9, 8, 9, 12, 13, 12, 13));
}

/// A block of sixteen rows. `Format` says what is in it:
///   kRun, kGroups         quads that 16-bit sums hold; groups with a scale each
///   kSignedCodes          codes are signed, and activations made unsigned by adding 128
///   kHasMin, kBytes, unpack(bytes, block)
struct SuperBlock {
  alignas(32) uint8_t codes[kQuads][2][32];  // [quad][half][row][4]
  alignas(32) int16_t scales[16][2][16];     // [group][half][row][2]
  alignas(32) int16_t mins[4][2][16];        // [pair of groups][half][row][2]
  alignas(32) int32_t offset[2][8];          // what added offsets make too much
  alignas(32) float d[2][8], least[2][8];
};

/// The exact sums of a block with T tokens.
template <int T>
struct SuperSums {
  alignas(32) int32_t of[T][2][8];
};

// One run of quads of sixteen rows times T tokens, times a group's scales.
template <class Format, int T>
NETY_AVX2_INLINE void add_run(const uint8_t (*codes)[2][32], const int8_t* x, int64_t stride,
                              const int16_t (&scales)[2][16], SuperSums<T>& sums) {
  __m256i pairs[T][2];
  NETY_UNROLL
  for (int q = 0; q < Format::kRun; ++q) {
    __m256i w[2];
    NETY_UNROLL
    for (int half = 0; half < 2; ++half)
      w[half] = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes[q][half]));
    NETY_UNROLL
    for (int t = 0; t < T; ++t) {
      const __m256i xs = quad_of(x + t * stride + 4 * q);
      NETY_UNROLL
      for (int half = 0; half < 2; ++half) {
        const __m256i products = Format::kSignedCodes ? _mm256_maddubs_epi16(xs, w[half])
                                                      : _mm256_maddubs_epi16(w[half], xs);
        pairs[t][half] = q == 0 ? products : _mm256_add_epi16(pairs[t][half], products);
      }
    }
  }
  NETY_UNROLL
  for (int half = 0; half < 2; ++half) {
    const __m256i scale = _mm256_load_si256(reinterpret_cast<const __m256i*>(scales[half]));
    NETY_UNROLL
    for (int t = 0; t < T; ++t) {
      auto* const to = reinterpret_cast<__m256i*>(sums.of[t][half]);
      const __m256i products = _mm256_madd_epi16(pairs[t][half], scale);
      _mm256_store_si256(to, _mm256_add_epi32(_mm256_load_si256(to), products));
    }
  }
}

// A function of its own, as multiply_block() is. x: T rows of 256 codes, `stride` apart.
template <class Format, int T>
NETY_AVX2 __attribute__((noinline)) void multiply_super(const SuperBlock& block, const int8_t* x,
                                                        int64_t stride, SuperSums<T>& sums) {
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    NETY_UNROLL
    for (int half = 0; half < 2; ++half)
      _mm256_store_si256(reinterpret_cast<__m256i*>(sums.of[t][half]),
                         _mm256_load_si256(reinterpret_cast<const __m256i*>(block.offset[half])));
  }
  constexpr int kRuns = kQuads / Format::kRun, kPerScale = kRuns / Format::kGroups;
  for (int run = 0; run < kRuns; ++run, x += 4 * Format::kRun)
    add_run<Format, T>(block.codes + run * Format::kRun, x, stride, block.scales[run / kPerScale],
                       sums);
}

// The sum of minimums times the sums of activations, of a token and half the rows.
NETY_AVX2_INLINE __m256i least_of(const SuperBlock& block, int half, const int16_t* sums) {
  __m256i least = _mm256_setzero_si256();
  NETY_UNROLL
  for (int i = 0; i < 4; ++i) {
    const __m256i mins = _mm256_load_si256(reinterpret_cast<const __m256i*>(block.mins[i][half]));
    const auto* two = reinterpret_cast<const int8_t*>(sums + 2 * i);
    least = _mm256_add_epi32(least, _mm256_madd_epi16(mins, quad_of(two)));
  }
  return least;
}

// A block of one panel times T tokens, added to y: y += (d dx) S - (dmin dx) M.
template <class Format, int T>
NETY_AVX2 void super_tile(const PackedProduct& p, const SuperBlock& block, const int8_t* codes,
                          int64_t stride, int64_t b, int64_t t0, float* y) {
  const SuperActivations& x = p.super;
  SuperSums<T> sums;
  multiply_super<Format, T>(block, codes, stride, sums);
  for (int t = 0; t < T; ++t) {
    const int64_t at = (t0 + t) * p.blocks + b;
    const __m256 dx = _mm256_set1_ps(x.scales[at]);
    NETY_UNROLL
    for (int half = 0; half < 2; ++half) {
      float* const to = y + (t0 + t) * p.y_stride + 8 * half;
      const __m256 exact =
          _mm256_cvtepi32_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(sums.of[t][half])));
      __m256 sum = b == 0 ? _mm256_setzero_ps() : _mm256_loadu_ps(to);
      sum = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_load_ps(block.d[half]), dx), exact, sum);
      if constexpr (Format::kHasMin)
        sum = _mm256_fnmadd_ps(_mm256_mul_ps(_mm256_load_ps(block.least[half]), dx),
                               _mm256_cvtepi32_ps(least_of(block, half, x.sums + at * 8)), sum);
      _mm256_storeu_ps(to, sum);
    }
  }
}

// 256 codes, 128 added to make them unsigned.
NETY_AVX2_INLINE void make_unsigned(const int8_t* codes, int8_t* out) {
  for (int i = 0; i < 256; i += 32)
    _mm256_store_si256(
        reinterpret_cast<__m256i*>(out + i),
        _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i)),
                         _mm256_set1_epi8(-128)));
}

// A block of a few panels times T tokens.
template <class Format, int T>
NETY_AVX2 void super_tokens(const PackedProduct& p, const SuperBlock* blocks, int64_t panel,
                            int64_t panels, int64_t b, int64_t t0) {
  const int64_t stride = p.blocks * 256;
  const int8_t* const codes = p.super.codes + t0 * stride + b * 256;
  for (int t = 0; t < T; ++t)
    for (int i = 0; i < 256; i += 64)  // the next tokens' codes
      _mm_prefetch(reinterpret_cast<const char*>(codes + (T + t) * stride + i), _MM_HINT_T0);
  alignas(32) int8_t copy[Format::kSignedCodes ? T : 1][256];
  if constexpr (Format::kSignedCodes)
    for (int t = 0; t < T; ++t) make_unsigned(codes + t * stride, copy[t]);
  for (int64_t i = 0; i < panels; ++i)
    super_tile<Format, T>(p, blocks[i], Format::kSignedCodes ? copy[0] : codes,
                          Format::kSignedCodes ? 256 : stride, b, t0,
                          p.y + (panel + i) * kPackRows);
}

template <class Format>
NETY_AVX2 void super_tiles(const PackedProduct& p) {
  constexpr int64_t kMostPanels = 2;  // that share a few tokens
  SuperBlock blocks[kMostPanels];
  for (int64_t panel = 0; panel < p.panels; panel += kMostPanels) {
    const int64_t panels = p.panels - panel < kMostPanels ? p.panels - panel : kMostPanels;
    for (int64_t b = 0; b < p.blocks; ++b) {
      for (int64_t i = 0; i < panels; ++i)
        Format::unpack(p.w + ((panel + i) * p.blocks + b) * Format::kBytes, blocks[i]);
      int64_t t = 0;
      for (; t + kTokens <= p.tokens; t += kTokens)
        super_tokens<Format, kTokens>(p, blocks, panel, panels, b, t);
      for (; t < p.tokens; ++t) super_tokens<Format, 1>(p, blocks, panel, panels, b, t);
    }
  }
}

}  // namespace
}  // namespace nety::kernels
