// fp32 products in tiles of up to 2 weight rows by 3 tokens. Every sum is two vectors, lane =
// column mod 16, because a multiply-add waits four cycles for the one before it, and one vector of
// 16-bit weights every four cycles is less than memory gives: 12 of AVX2's 16 registers accumulate.
#if defined(__x86_64__)
#include "core/kernels/panels.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

// Eight columns from w and x on, into one of the vectors of each sum.
template <int R, int T, int half>
NETY_AVX2_INLINE void add_products(const FloatPanel& p, const float* w, const float* x,
                                   __m256 (&sum)[R][T][2]) {
  __m256 xs[T];
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    xs[t] = _mm256_loadu_ps(x + t * p.x_stride);
    __asm__("" : "+x"(xs[t]));  // GCC would load it again for each row: more than two per cycle
  }
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    const __m256 ws = _mm256_loadu_ps(w + r * p.w_stride);
    NETY_UNROLL
    for (int t = 0; t < T; ++t) sum[r][t][half] = _mm256_fmadd_ps(ws, xs[t], sum[r][t][half]);
  }
}

template <int R, int T>
NETY_AVX2 void tile(const FloatPanel& p, int64_t r0, int64_t t0) {
  const float* w = p.w + r0 * p.w_stride;
  const float* x = p.x + t0 * p.x_stride;
  __m256 sum[R][T][2];
  NETY_UNROLL
  for (auto& row : sum) {
    NETY_UNROLL
    for (auto& pair : row) pair[0] = pair[1] = _mm256_setzero_ps();
  }
  int64_t k = 0;
  for (; k + 16 <= p.cols; k += 16) {
    add_products<R, T, 0>(p, w + k, x + k, sum);
    add_products<R, T, 1>(p, w + k + 8, x + k + 8, sum);
  }
  if (k + 8 <= p.cols) {
    add_products<R, T, 0>(p, w + k, x + k, sum);
    k += 8;
  }
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      float rest = 0;
      for (int64_t i = k; i < p.cols; ++i) rest += w[r * p.w_stride + i] * x[t * p.x_stride + i];
      p.y[(t0 + t) * p.y_stride + r0 + r] = total(sum[r][t][0], sum[r][t][1]) + rest;
    }
  }
}

template <int T>
NETY_AVX2 void column(const FloatPanel& p, int64_t t0) {
  int64_t r = 0;
  for (; r + 2 <= p.rows; r += 2) tile<2, T>(p, r, t0);
  for (; r < p.rows; ++r) tile<1, T>(p, r, t0);
}

}  // namespace

NETY_AVX2 void float_panel_fp32_avx2(const FloatPanel& p) {
  if (p.tokens == 1) {  // decode: row after row, as they lie in memory, for the prefetchers
    for (int64_t r = 0; r < p.rows; ++r) tile<1, 1>(p, r, 0);
    return;
  }
  int64_t t = 0;
  for (; t + 3 <= p.tokens; t += 3) column<3>(p, t);
  for (; t < p.tokens; ++t) column<1>(p, t);
}

}  // namespace nety::kernels
#endif
