// Rows of 4-bit codes times a few tokens in exact fp32, a chunk of 128 columns at a time: sixteen
// dwords of eight codes each, taken in the order of kernels.h, nibble_column(). Lanes 0-7 belong to
// the chunk's first 64 columns, 8-15 to the others, each half with an absmax of its own: the
// codebook times either absmax makes a table of 32, and an index' fifth bit is its half. Measured
// against 256-bit look-ups in a table of 16: 13.9 against 9.3 GB/s of codes per core
// (docs/performance.md).
#pragma once

#include "core/kernels/kernels.h"
#include "core/kernels/sums_avx512.h"
#include "core/precision/four_bit.h"

namespace nety::kernels {
namespace {

// How far ahead of the stream of codes to fetch, in bytes: rows are read four at a time, which
// hardware prefetchers do not follow.
constexpr int64_t kFourBitAhead = 4096;

// The absmax of each 64 columns, as precision::four_bit_absmax() has it.
template <bool nested>
struct Absmax {
  const float* scales;
  const uint8_t* codes;
  const float* map;
  float offset;
  int shift, nested_shift;

  NETY_AVX512 static inline Absmax of(const precision::MatrixView& w) {
    return {w.scales,
            w.nested_codes,
            w.nested_map,
            w.nested_offset,
            __builtin_ctz(static_cast<unsigned>(w.block)) - 6,
            nested ? __builtin_ctz(static_cast<unsigned>(w.nested_block)) : 0};
  }
  NETY_AVX512 inline float at(int64_t group) const {
    const int64_t index = group >> shift;
    if constexpr (!nested) return scales[index];
    const float product = map[codes[index]] * scales[index >> nested_shift];
    return product + offset;
  }
};

// The weights of a chunk: eight vectors of sixteen.
struct Chunk {
  __m512 first_values, second_values;  // the codebook times the absmax of either half
  __m512i even, odd;                   // indices of nibbles 0, 2, 4, 6 and 1, 3, 5, 7 of each dword

  NETY_AVX512 static inline Chunk of(__m512 book, __m512i codes, float first, float second) {
    const __m512i low = _mm512_set1_epi8(15);
    const __m512i half = _mm512_maskz_set1_epi8(0xffffffff00000000U, 16);
    // (codes & low) | half
    return {_mm512_mul_ps(book, _mm512_set1_ps(first)), _mm512_mul_ps(book, _mm512_set1_ps(second)),
            _mm512_ternarylogic_epi32(codes, low, half, 0xea),
            _mm512_ternarylogic_epi32(_mm512_srli_epi32(codes, 4), low, half, 0xea)};
  }
  template <int n>
  NETY_AVX512 inline __m512 weights() const {
    const __m512i index = _mm512_srli_epi32(n % 2 == 0 ? even : odd, 8 * (n / 2));
    return _mm512_permutex2var_ps(first_values, index, second_values);
  }
};

// Rows of codes with what belongs to them.
template <bool nested>
struct FourBitRows {
  __m512 book;
  Absmax<nested> absmax;
  const std::byte* codes;
  int64_t groups;  // of 64 columns in a row

  NETY_AVX512 static inline FourBitRows of(const precision::FourBitBook& values,
                                           const precision::MatrixView& w) {
    return {_mm512_loadu_ps(values.values.data()), Absmax<nested>::of(w), w.codes, w.cols / 64};
  }
  // Groups g and g + 1 of a row.
  NETY_AVX512 inline Chunk whole(int64_t row, int64_t g) const {
    const int64_t at = row * groups + g;
    return Chunk::of(book, _mm512_loadu_si512(codes + at * 32), absmax.at(at), absmax.at(at + 1));
  }
  // Group g, the last of an odd number; the other half is zeros.
  NETY_AVX512 inline Chunk half(int64_t row, int64_t g) const {
    const int64_t at = row * groups + g;
    const __m256i some = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + at * 32));
    return Chunk::of(book, _mm512_zextsi256_si512(some), absmax.at(at), 0);
  }
};

template <int T, int n = 0>
NETY_AVX512 inline void add_chunk(const Chunk& chunk, const float* x, int64_t x_stride,
                                  __m512* sum) {
  if constexpr (n < 8) {
    const __m512 ws = chunk.weights<n>();
    for (int t = 0; t < T; ++t)
      sum[t] = _mm512_fmadd_ps(ws, _mm512_loadu_ps(x + t * x_stride + 16 * n), sum[t]);
    add_chunk<T, n + 1>(chunk, x, x_stride, sum);
  }
}

template <bool nested, int R, int T>
NETY_AVX512 inline void four_bit_tile(const FourBitRows<nested>& w, const StoredRows& p, int64_t r0,
                                      int64_t t0) {
  const int64_t first = p.first + r0;
  const float* x = p.x + t0 * p.x_stride;
  const auto* ahead = reinterpret_cast<const char*>(w.codes + first * w.groups * 32);
  __m512 sum[R * T];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  int64_t g = 0;
  for (; g + 2 <= w.groups; g += 2, x += kNibbleChunk) {
    for (int r = 0; r < R; ++r) {
      if (T == 1) _mm_prefetch(ahead + kFourBitAhead + 64 * r, _MM_HINT_T0);
      add_chunk<T>(w.whole(first + r, g), x, p.x_stride, sum + r * T);
    }
    ahead += 64 * R;
  }
  if (g < w.groups)
    for (int r = 0; r < R; ++r) add_chunk<T>(w.half(first + r, g), x, p.x_stride, sum + r * T);
  store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <bool nested, int T>
NETY_AVX512 inline void four_bit_column(const FourBitRows<nested>& w, const StoredRows& p,
                                        int64_t t) {
  int64_t r = 0;
  for (; r + 4 <= p.rows; r += 4) four_bit_tile<nested, 4, T>(w, p, r, t);
  for (; r < p.rows; ++r) four_bit_tile<nested, 1, T>(w, p, r, t);
}

template <bool nested>
NETY_AVX512 inline void stored_four_bit(const precision::FourBitBook& book, const StoredRows& p) {
  const FourBitRows<nested> w = FourBitRows<nested>::of(book, *p.w);
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) four_bit_column<nested, 2>(w, p, t);
  for (; t < p.tokens; ++t) four_bit_column<nested, 1>(w, p, t);
}

template <int n = 0>
NETY_AVX512 inline void store_chunk(const Chunk& chunk, float* out) {
  if constexpr (n < 8) {
    _mm512_storeu_ps(out + 16 * n, chunk.weights<n>());
    store_chunk<n + 1>(chunk, out);
  }
}

// Row `row` as fp32 in the order of nibble_column(), to a whole number of chunks, zeros at the end.
template <bool nested>
NETY_AVX512 inline void unpack_nibbles(const precision::FourBitBook& book,
                                       const precision::MatrixView& matrix, int64_t row,
                                       float* out) {
  const FourBitRows<nested> w = FourBitRows<nested>::of(book, matrix);
  int64_t g = 0;
  for (; g + 2 <= w.groups; g += 2, out += kNibbleChunk) store_chunk(w.whole(row, g), out);
  if (g == w.groups) return;
  store_chunk(w.half(row, g), out);
  for (int n = 0; n < 8; ++n) _mm256_storeu_ps(out + 16 * n + 8, _mm256_setzero_ps());
}

}  // namespace
}  // namespace nety::kernels
