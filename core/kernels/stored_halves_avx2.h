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

template <class Values>
NETY_AVX2 inline float halves_row(const StoredRows& p, int64_t r, int64_t t) {
  const int64_t cols = p.w->cols;
  const uint16_t* row = reinterpret_cast<const uint16_t*>(p.w->codes) + (p.first + r) * cols;
  const float* x = p.x + t * p.x_stride;
  __m256 sum = _mm256_setzero_ps();
  int64_t k = 0;
  for (; k + 8 <= cols; k += 8)
    sum = _mm256_fmadd_ps(Values::widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + k))),
                          _mm256_loadu_ps(x + k), sum);
  float rest = 0;
  for (; k < cols; ++k) rest += Values::one(row[k]) * x[k];
  return total(sum) + rest;
}

template <class Values>
NETY_AVX2 inline void stored_halves(const StoredRows& p) {
  for (int64_t t = 0; t < p.tokens; ++t)
    for (int64_t r = 0; r < p.rows; ++r)  // as they lie in memory, for the hardware's prefetchers
      p.y[t * p.y_stride + r] = halves_row<Values>(p, r, t);
}

}  // namespace
}  // namespace nety::kernels
