// Rows of 4-bit codes times a few tokens in exact fp32, 16 columns at a time: eight bytes, repeated
// by the load, are shifted by lane, in the order of kernels.h, nibble_column(). VPERMPS looks at
// three bits of an index, so the codebook times absmax is two tables of eight, and the fourth bit,
// moved to the sign, chooses between what they give.
#pragma once

#include <cstring>

#include "core/kernels/four_bit_absmax.h"
#include "core/kernels/kernels.h"
#include "core/kernels/vector_avx2.h"
#include "core/precision/four_bit.h"

namespace nety::kernels {
namespace {

// How far ahead of the stream of codes to fetch, in bytes: rows are read several at a time, which
// hardware prefetchers do not follow.
constexpr int64_t kFourBitAhead = 4096;

// The weights of a group of 64 columns: eight vectors of eight.
struct Group {
  __m256 below, above;  // the codebook times absmax
  const std::byte* codes;

  template <int n>
  NETY_AVX2_INLINE __m256 weights() const {
    int64_t eight;
    std::memcpy(&eight, codes + 8 * (n / 2), sizeof(eight));
    const __m256i both = _mm256_set1_epi64x(eight);
    constexpr int kFirst = n % 2 * 16;
    const __m256i shifts = _mm256_setr_epi32(kFirst, kFirst, kFirst + 4, kFirst + 4, kFirst + 8,
                                             kFirst + 8, kFirst + 12, kFirst + 12);
    const __m256i index = _mm256_srlv_epi32(both, shifts);
    const __m256i fourth = _mm256_sllv_epi32(both, _mm256_sub_epi32(_mm256_set1_epi32(28), shifts));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(below, index),
                            _mm256_permutevar8x32_ps(above, index), _mm256_castsi256_ps(fourth));
  }
};

// Rows of codes with what belongs to them.
template <Blocks blocks>
struct FourBitRows {
  __m256 below, above;
  Absmax<blocks> absmax;
  const std::byte* codes;
  int64_t groups;  // in a row

  NETY_AVX2 static inline FourBitRows of(const precision::FourBitBook& book,
                                         const precision::MatrixView& w) {
    return {_mm256_loadu_ps(book.values.data()), _mm256_loadu_ps(book.values.data() + 8),
            Absmax<blocks>::of(w), w.codes, w.cols / 64};
  }
  NETY_AVX2_INLINE Group at(int64_t row, int64_t g) const {
    const int64_t at = row * groups + g;
    const __m256 scale = _mm256_set1_ps(absmax.at(at));
    return {_mm256_mul_ps(below, scale), _mm256_mul_ps(above, scale), codes + at * 32};
  }
};

// Vector n of R rows times T tokens: by turns, for their sums do not wait for each other.
template <int R, int T, int n = 0>
NETY_AVX2_INLINE void add_groups(const Group (&rows)[R], const float* x, int64_t x_stride,
                                 __m256 (&sum)[R][T][2]) {
  if constexpr (n < 8) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m256 w = rows[r].template weights<n>();
      NETY_UNROLL
      for (int t = 0; t < T; ++t)
        sum[r][t][n % 2] =
            _mm256_fmadd_ps(w, _mm256_loadu_ps(x + t * x_stride + 8 * n), sum[r][t][n % 2]);
    }
    add_groups<R, T, n + 1>(rows, x, x_stride, sum);
  }
}

template <Blocks blocks, int R, int T>
NETY_AVX2 inline void four_bit_tile(const FourBitRows<blocks>& w, const StoredRows& p, int64_t r0,
                                    int64_t t0) {
  const int64_t first = p.first + r0;
  const float* x = p.x + t0 * p.x_stride;
  const auto* ahead = reinterpret_cast<const char*>(w.codes + first * w.groups * 32);
  __m256 sum[R][T][2];
  NETY_UNROLL
  for (auto& row : sum) {
    NETY_UNROLL
    for (auto& pair : row) pair[0] = pair[1] = _mm256_setzero_ps();
  }
  for (int64_t g = 0; g < w.groups; ++g, x += kNibbleGroup, ahead += 32 * R) {
    Group rows[R];
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      if (T == 1 && r % 2 == 0) _mm_prefetch(ahead + kFourBitAhead + 32 * r, _MM_HINT_T0);
      rows[r] = w.at(first + r, g);
    }
    add_groups<R, T>(rows, x, p.x_stride, sum);
  }
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    NETY_UNROLL
    for (int t = 0; t < T; ++t)
      p.y[(t0 + t) * p.y_stride + r0 + r] = total(sum[r][t][0], sum[r][t][1]);
  }
}

template <Blocks blocks, int T>
NETY_AVX2 inline void four_bit_column(const FourBitRows<blocks>& w, const StoredRows& p,
                                      int64_t t) {
  int64_t r = 0;
  for (; r + 2 <= p.rows; r += 2) four_bit_tile<blocks, 2, T>(w, p, r, t);
  for (; r < p.rows; ++r) four_bit_tile<blocks, 1, T>(w, p, r, t);
}

template <Blocks blocks>
NETY_AVX2 inline void four_bit_product(const precision::FourBitBook& book, const StoredRows& p) {
  const FourBitRows<blocks> w = FourBitRows<blocks>::of(book, *p.w);
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) four_bit_column<blocks, 2>(w, p, t);
  for (; t < p.tokens; ++t) four_bit_column<blocks, 1>(w, p, t);
}

template <bool nested>
NETY_AVX2 inline void stored_four_bit(const precision::FourBitBook& book, const StoredRows& p) {
  if constexpr (nested) return four_bit_product<Blocks::kNested>(book, p);
  if (p.w->block == kNibbleGroup) return four_bit_product<Blocks::kOfOne>(book, p);
  four_bit_product<Blocks::kOfMany>(book, p);
}

template <int n = 0>
NETY_AVX2_INLINE void store_group(const Group& group, float* out) {
  if constexpr (n < 8) {
    _mm256_storeu_ps(out + 8 * n, group.weights<n>());
    store_group<n + 1>(group, out);
  }
}

// Row `row` as fp32 in the order of nibble_column().
template <bool nested>
NETY_AVX2 inline void unpack_nibbles(const precision::FourBitBook& book,
                                     const precision::MatrixView& matrix, int64_t row, float* out) {
  using Rows = FourBitRows<nested ? Blocks::kNested : Blocks::kOfMany>;
  const Rows w = Rows::of(book, matrix);
  for (int64_t g = 0; g < w.groups; ++g) store_group(w.at(row, g), out + g * kNibbleGroup);
}

}  // namespace
}  // namespace nety::kernels
