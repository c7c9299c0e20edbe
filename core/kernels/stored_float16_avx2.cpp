// Rows of 16-bit floats times tokens one by one, widened on the way: lane = column mod 16,
// as the float panel sums its rows, and the last columns one by one.
#if defined(__x86_64__)
#include "core/base/half.h"
#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx2.h"
#include "core/precision/matrix_view.h"

namespace nety::kernels {
namespace {

struct Bf16Values {
  NETY_AVX2 static inline __m256 eight(const uint16_t* w) {
    return widened_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
  }
  static inline float one(uint16_t v) { return float_from_bf16(v); }
};

struct Fp16Values {
  NETY_AVX2 static inline __m256 eight(const uint16_t* w) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
  }
  static inline float one(uint16_t v) { return float_from_fp16(v); }
};

template <class Values>
NETY_AVX2 inline float float16_row(const StoredRows& p, int64_t r, int64_t t) {
  const int64_t cols = p.w->cols;
  const uint16_t* row = reinterpret_cast<const uint16_t*>(p.w->codes) + (p.first + r) * cols;
  const float* x = p.x + t * p.x_stride;
  __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  int64_t k = 0;
  for (; k + 16 <= cols; k += 16) {
    sum[0] = _mm256_fmadd_ps(Values::eight(row + k), _mm256_loadu_ps(x + k), sum[0]);
    sum[1] = _mm256_fmadd_ps(Values::eight(row + k + 8), _mm256_loadu_ps(x + k + 8), sum[1]);
  }
  if (k + 8 <= cols) {
    sum[0] = _mm256_fmadd_ps(Values::eight(row + k), _mm256_loadu_ps(x + k), sum[0]);
    k += 8;
  }
  float rest = 0;
  for (; k < cols; ++k) rest += Values::one(row[k]) * x[k];
  return total(sum[0], sum[1]) + rest;
}

template <class Values>
NETY_AVX2 inline void stored_float16(const StoredRows& p) {
  for (int64_t t = 0; t < p.tokens; ++t)
    for (int64_t r = 0; r < p.rows; ++r)  // as they lie in memory, for the hardware's prefetchers
      p.y[t * p.y_stride + r] = float16_row<Values>(p, r, t);
}

}  // namespace

NETY_AVX2 void stored_rows_bf16_avx2(const StoredRows& p) { stored_float16<Bf16Values>(p); }

NETY_AVX2 void stored_rows_fp16_avx2(const StoredRows& p) { stored_float16<Fp16Values>(p); }

}  // namespace nety::kernels
#endif
