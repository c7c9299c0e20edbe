// Rows of 4-bit codes times a few tokens in exact fp32, 16 columns at a time: eight bytes, repeated
// by the load, are shifted by lane and looked up in the codebook times absmax, in the order of
// kernels.h, nibble_column(). Of what was tried (docs/performance.md) the fastest on Zen 4.
#pragma once

#include <cstring>

#include "core/kernels/four_bit_absmax.h"
#include "core/kernels/kernels.h"
#include "core/kernels/sums_avx512.h"
#include "core/precision/four_bit.h"

namespace nety::kernels {
namespace {

// How far ahead of the stream of codes to fetch, in bytes: rows are read several at a time, which
// hardware prefetchers do not follow.
constexpr int64_t kFourBitAhead = 4096;

// The weights of a group of 64 columns: four vectors of sixteen.
struct Group {
  __m512 values;  // the codebook times absmax
  const std::byte* codes;

  // VPERMPS looks at the lowest four bits of an index, whatever stands above them.
  template <int n>
  NETY_AVX512_INLINE __m512 weights() const {
    int64_t eight;
    std::memcpy(&eight, codes + 8 * n, sizeof(eight));
    const __m512i shifts =
        _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28);
    return _mm512_permutexvar_ps(_mm512_srlv_epi32(_mm512_set1_epi64(eight), shifts), values);
  }
};

// Rows of codes with what belongs to them.
template <Blocks blocks>
struct FourBitRows {
  __m512 book;
  Absmax<blocks> absmax;
  const std::byte* codes;
  int64_t groups;  // in a row

  NETY_AVX512 static inline FourBitRows of(const precision::FourBitBook& values,
                                           const precision::MatrixView& w) {
    return {_mm512_loadu_ps(values.values.data()), Absmax<blocks>::of(w), w.codes, w.cols / 64};
  }
  NETY_AVX512_INLINE Group at(int64_t row, int64_t g) const {
    const int64_t at = row * groups + g;
    return {_mm512_mul_ps(book, _mm512_set1_ps(absmax.at(at))), codes + at * 32};
  }
};

// Vector n of R rows times T tokens: row by row in turns, for their sums do not wait for each
// other.
template <int R, int T, int n = 0>
NETY_AVX512_INLINE void add_groups(const Group (&rows)[R], const float* x, int64_t x_stride,
                                   __m512 (&sum)[R * T]) {
  if constexpr (n < 4) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m512 ws = rows[r].template weights<n>();
      NETY_UNROLL
      for (int t = 0; t < T; ++t)
        sum[r * T + t] =
            _mm512_fmadd_ps(ws, _mm512_loadu_ps(x + t * x_stride + 16 * n), sum[r * T + t]);
    }
    add_groups<R, T, n + 1>(rows, x, x_stride, sum);
  }
}

template <Blocks blocks, int R, int T>
NETY_AVX512 inline void four_bit_tile(const FourBitRows<blocks>& w, const StoredRows& p, int64_t r0,
                                      int64_t t0) {
  const int64_t first = p.first + r0;
  const float* x = p.x + t0 * p.x_stride;
  const auto* ahead = reinterpret_cast<const char*>(w.codes + first * w.groups * 32);
  __m512 sum[R * T];
  NETY_UNROLL
  for (__m512& s : sum) s = _mm512_setzero_ps();
  for (int64_t g = 0; g < w.groups; ++g, x += kNibbleGroup, ahead += 32 * R) {
    Group rows[R];
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      if (T == 1 && r % 2 == 0) _mm_prefetch(ahead + kFourBitAhead + 32 * r, _MM_HINT_T0);
      rows[r] = w.at(first + r, g);
    }
    add_groups<R, T>(rows, x, p.x_stride, sum);
  }
  store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <Blocks blocks, int T>
NETY_AVX512 inline void four_bit_column(const FourBitRows<blocks>& w, const StoredRows& p,
                                        int64_t t) {
  int64_t r = 0;
  for (; r + 4 <= p.rows; r += 4) four_bit_tile<blocks, 4, T>(w, p, r, t);
  for (; r < p.rows; ++r) four_bit_tile<blocks, 1, T>(w, p, r, t);
}

template <Blocks blocks>
NETY_AVX512 inline void four_bit_product(const precision::FourBitBook& book, const StoredRows& p) {
  const FourBitRows<blocks> w = FourBitRows<blocks>::of(book, *p.w);
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) four_bit_column<blocks, 2>(w, p, t);
  for (; t < p.tokens; ++t) four_bit_column<blocks, 1>(w, p, t);
}

template <bool nested>
NETY_AVX512 inline void stored_four_bit(const precision::FourBitBook& book, const StoredRows& p) {
  if constexpr (nested) return four_bit_product<Blocks::kNested>(book, p);
  if (p.w->block == kNibbleGroup) return four_bit_product<Blocks::kOfOne>(book, p);
  four_bit_product<Blocks::kOfMany>(book, p);
}

template <int n = 0>
NETY_AVX512_INLINE void store_group(const Group& group, float* out) {
  if constexpr (n < 4) {
    _mm512_storeu_ps(out + 16 * n, group.weights<n>());
    store_group<n + 1>(group, out);
  }
}

// Row `row` as fp32 in the order of nibble_column().
template <bool nested>
NETY_AVX512 inline void unpack_nibbles(const precision::FourBitBook& book,
                                       const precision::MatrixView& matrix, int64_t row,
                                       float* out) {
  using Rows = FourBitRows<nested ? Blocks::kNested : Blocks::kOfMany>;
  const Rows w = Rows::of(book, matrix);
  for (int64_t g = 0; g < w.groups; ++g) store_group(w.at(row, g), out + g * kNibbleGroup);
}

}  // namespace
}  // namespace nety::kernels
