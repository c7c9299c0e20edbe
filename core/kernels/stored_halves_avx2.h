// Rows of 16-bit floats times tokens one by one, widened on the way: lane = column mod 8, as the
// float panel sums its rows, and the last columns one by one.
#pragma once

#include "core/base/half.h"
#include "core/kernels/kernels.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

struct Bf16Values {
  NETY_AVX2 static inline __m256 widen(__m128i v) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
  }
  static inline float one(uint16_t v) { return float_from_bf16(v); }
};

struct Fp16Values {
  NETY_AVX2 static inline __m256 widen(__m128i v) { return _mm256_cvtph_ps(v); }
  static inline float one(uint16_t v) { return float_from_fp16(v); }
};

template <class Values, int R>
NETY_AVX2 void halves_tile(const StoredRows& p, int64_t r0, int64_t t) {
  const int64_t cols = p.w->cols;
  const uint16_t* w = reinterpret_cast<const uint16_t*>(p.w->codes) + (p.first + r0) * cols;
  const float* x = p.x + t * p.x_stride;
  const int64_t ahead = R * cols;  // the next tile's rows
  __m256 sum[R];
  for (__m256& s : sum) s = _mm256_setzero_ps();
  int64_t k = 0;
  for (; k + 8 <= cols; k += 8) {
    const __m256 xs = _mm256_loadu_ps(x + k);
    for (int r = 0; r < R; ++r) {
      const uint16_t* row = w + r * cols + k;
      _mm_prefetch(reinterpret_cast<const char*>(row + ahead), _MM_HINT_T0);
      sum[r] = _mm256_fmadd_ps(
          Values::widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row))), xs, sum[r]);
    }
  }
  for (int r = 0; r < R; ++r) {
    float rest = 0;
    for (int64_t i = k; i < cols; ++i) rest += Values::one(w[r * cols + i]) * x[i];
    p.y[t * p.y_stride + r0 + r] = total(sum[r]) + rest;
  }
}

template <class Values>
NETY_AVX2 inline void stored_halves(const StoredRows& p) {
  for (int64_t t = 0; t < p.tokens; ++t) {
    int64_t r = 0;
    for (; r + 8 <= p.rows; r += 8) halves_tile<Values, 8>(p, r, t);
    for (; r < p.rows; ++r) halves_tile<Values, 1>(p, r, t);
  }
}

}  // namespace
}  // namespace nety::kernels
