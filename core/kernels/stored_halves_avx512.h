// Rows of 16-bit floats times a few tokens, widened on the way: lane = column mod 16, as the float
// panel sums its rows.
#pragma once

#include "core/kernels/kernels.h"
#include "core/kernels/sums_avx512.h"

namespace nety::kernels {
namespace {

struct Bf16Values {
  NETY_AVX512 static inline __m512 widen(__m256i v) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
  }
};

struct Fp16Values {
  NETY_AVX512 static inline __m512 widen(__m256i v) { return _mm512_cvtph_ps(v); }
};

template <class Values, int R, int T>
NETY_AVX512 inline void add_halves(const StoredRows& p, int64_t r0, int64_t t0,
                                   __m512 (&sum)[R * T]) {
  const int64_t cols = p.w->cols;
  const uint16_t* w = reinterpret_cast<const uint16_t*>(p.w->codes) + (p.first + r0) * cols;
  const float* x = p.x + t0 * p.x_stride;
  int64_t k = 0;
  for (; k + 16 <= cols; k += 16) {
    __m512 xs[T];
    for (int t = 0; t < T; ++t) xs[t] = _mm512_loadu_ps(x + t * p.x_stride + k);
    for (int r = 0; r < R; ++r) {
      const __m512 ws =
          Values::widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + r * cols + k)));
      for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_fmadd_ps(ws, xs[t], sum[r * T + t]);
    }
  }
  if (k == cols) return;
  const __mmask16 rest = static_cast<__mmask16>((1U << (cols - k)) - 1U);
  for (int r = 0; r < R; ++r) {
    const __m512 ws = Values::widen(_mm256_maskz_loadu_epi16(rest, w + r * cols + k));
    for (int t = 0; t < T; ++t)
      sum[r * T + t] =
          _mm512_fmadd_ps(ws, _mm512_maskz_loadu_ps(rest, x + t * p.x_stride + k), sum[r * T + t]);
  }
}

template <class Values, int R, int T>
NETY_AVX512 void halves_tile(const StoredRows& p, int64_t r0, int64_t t0) {
  __m512 sum[R * T];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  add_halves<Values, R, T>(p, r0, t0, sum);
  store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
}

// One token: row after row, as they lie in memory, for the hardware's prefetchers.
template <class Values>
NETY_AVX512 void halves_in_order(const StoredRows& p, int64_t t) {
  int64_t r = 0;
  for (; r + 4 <= p.rows; r += 4) {
    __m512 sum[4];
    for (int i = 0; i < 4; ++i) {
      __m512 one[1] = {_mm512_setzero_ps()};
      add_halves<Values, 1, 1>(p, r + i, t, one);
      sum[i] = one[0];
    }
    store_sums<4, 1>(sum, p.y + t * p.y_stride + r, p.y_stride);
  }
  for (; r < p.rows; ++r) halves_tile<Values, 1, 1>(p, r, t);
}

template <class Values>
NETY_AVX512 inline void stored_halves(const StoredRows& p) {
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) {
    int64_t r = 0;
    for (; r + 4 <= p.rows; r += 4) halves_tile<Values, 4, 2>(p, r, t);
    for (; r < p.rows; ++r) halves_tile<Values, 1, 2>(p, r, t);
  }
  for (; t < p.tokens; ++t) halves_in_order<Values>(p, t);
}

}  // namespace
}  // namespace nety::kernels
