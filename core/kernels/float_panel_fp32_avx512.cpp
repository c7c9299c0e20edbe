// fp32 products in tiles of up to 4 weight rows by 6 tokens: 24 accumulators, one per (row, token),
// each summed over k in the same order whatever the tile, so that results do not depend on it.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "core/kernels/sums_avx512.h"

namespace nety::kernels {
namespace {

template <int R, int T>
NETY_AVX512 void tile(const FloatPanel& p, int64_t r0, int64_t t0) {
  const float* w = p.w + r0 * p.w_stride;
  const float* x = p.x + t0 * p.x_stride;
  const int64_t ahead = R * p.w_stride;  // the next tile's rows
  __m512 sum[R * T];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  int64_t k = 0;
  for (; k + 16 <= p.cols; k += 16) {
    __m512 xs[T];
    for (int t = 0; t < T; ++t) xs[t] = _mm512_loadu_ps(x + t * p.x_stride + k);
    for (int r = 0; r < R; ++r) {
      const float* row = w + r * p.w_stride + k;
      if (T == 1) _mm_prefetch(reinterpret_cast<const char*>(row + ahead), _MM_HINT_T0);
      const __m512 ws = _mm512_loadu_ps(row);
      for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_fmadd_ps(ws, xs[t], sum[r * T + t]);
    }
  }
  if (k < p.cols) {
    const __mmask16 rest = static_cast<__mmask16>((1U << (p.cols - k)) - 1U);
    for (int t = 0; t < T; ++t) {
      const __m512 xs = _mm512_maskz_loadu_ps(rest, x + t * p.x_stride + k);
      for (int r = 0; r < R; ++r) {
        const __m512 ws = _mm512_maskz_loadu_ps(rest, w + r * p.w_stride + k);
        sum[r * T + t] = _mm512_fmadd_ps(ws, xs, sum[r * T + t]);
      }
    }
  }
  store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <int T>
NETY_AVX512 void column(const FloatPanel& p, int64_t t0) {
  int64_t r = 0;
  for (; r + 4 <= p.rows; r += 4) tile<4, T>(p, r, t0);
  for (; r < p.rows; ++r) tile<1, T>(p, r, t0);
}

}  // namespace

NETY_AVX512 void float_panel_fp32_avx512(const FloatPanel& p) {
  if (p.tokens == 1) {  // decode: more rows at once, to keep more loads in flight
    int64_t r = 0;
    for (; r + 8 <= p.rows; r += 8) tile<8, 1>(p, r, 0);
    for (; r < p.rows; ++r) tile<1, 1>(p, r, 0);
    return;
  }
  int64_t t = 0;
  for (; t + 6 <= p.tokens; t += 6) column<6>(p, t);
  for (; t + 2 <= p.tokens; t += 2) column<2>(p, t);
  for (; t < p.tokens; ++t) column<1>(p, t);
}

}  // namespace nety::kernels
#endif
