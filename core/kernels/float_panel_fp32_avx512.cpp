// fp32 products in tiles of up to 4 weight rows by 6 tokens: 24 accumulators, one per (row, token),
// each summed over k in the same order whatever the tile, so that results do not depend on it. Long
// rows are taken a stretch at a time by all tiles of the panel, so that the activations of a
// stretch stay in the first cache; between stretches the accumulators wait in memory.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "core/kernels/sums_avx512.h"

namespace nety::kernels {
namespace {

constexpr int64_t kStretch = 512;  // columns taken at a time
constexpr int64_t kMostRows = 32;  // of a panel that is taken so

template <int R, int T>
NETY_AVX512_INLINE void add_products(const FloatPanel& p, int64_t r0, int64_t t0, int64_t k,
                                     int64_t end, __m512 (&sum)[R * T]) {
  const float* w = p.w + r0 * p.w_stride;
  const float* x = p.x + t0 * p.x_stride;
  for (; k + 16 <= end; k += 16) {
    __m512 xs[T];
    NETY_UNROLL
    for (int t = 0; t < T; ++t) xs[t] = _mm512_loadu_ps(x + t * p.x_stride + k);
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m512 ws = _mm512_loadu_ps(w + r * p.w_stride + k);
      NETY_UNROLL
      for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_fmadd_ps(ws, xs[t], sum[r * T + t]);
    }
  }
  if (k < end) {
    const __mmask16 rest = static_cast<__mmask16>((1U << (end - k)) - 1U);
    NETY_UNROLL
    for (int t = 0; t < T; ++t) {
      const __m512 xs = _mm512_maskz_loadu_ps(rest, x + t * p.x_stride + k);
      NETY_UNROLL
      for (int r = 0; r < R; ++r) {
        const __m512 ws = _mm512_maskz_loadu_ps(rest, w + r * p.w_stride + k);
        sum[r * T + t] = _mm512_fmadd_ps(ws, xs, sum[r * T + t]);
      }
    }
  }
}

template <int R, int T>
NETY_AVX512 void tile(const FloatPanel& p, int64_t r0, int64_t t0) {
  __m512 sum[R * T];
  NETY_UNROLL
  for (__m512& s : sum) s = _mm512_setzero_ps();
  add_products<R, T>(p, r0, t0, 0, p.cols, sum);
  store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <int T>
NETY_AVX512 void column(const FloatPanel& p, int64_t r, int64_t t0) {
  for (; r + 4 <= p.rows; r += 4) tile<4, T>(p, r, t0);
  for (; r < p.rows; ++r) tile<1, T>(p, r, t0);
}

// Six tokens with all whole tiles of the panel, stretch by stretch.
NETY_AVX512 void long_column(const FloatPanel& p, int64_t t0) {
  constexpr int kSums = 24;
  alignas(64) float waiting[kMostRows / 4][kSums * 16];
  const int64_t tiles = p.rows / 4;
  for (int64_t k = 0; k < p.cols; k += kStretch) {
    const int64_t end = k + kStretch < p.cols ? k + kStretch : p.cols;
    for (int64_t i = 0; i < tiles; ++i) {
      __m512 sum[kSums];
      NETY_UNROLL
      for (int s = 0; s < kSums; ++s)
        sum[s] = k == 0 ? _mm512_setzero_ps() : _mm512_load_ps(waiting[i] + 16 * s);
      add_products<4, 6>(p, 4 * i, t0, k, end, sum);
      if (end < p.cols) {
        NETY_UNROLL
        for (int s = 0; s < kSums; ++s) _mm512_store_ps(waiting[i] + 16 * s, sum[s]);
      } else {
        store_sums<4, 6>(sum, p.y + t0 * p.y_stride + 4 * i, p.y_stride);
      }
    }
  }
  column<6>(p, tiles * 4, t0);
}

// Decode: one row after another, as they lie in memory. Hardware prefetchers follow one stream far
// better than rows side by side with software prefetches (docs/performance.md).
NETY_AVX512 void in_order(const FloatPanel& p) {
  int64_t r = 0;
  for (; r + 4 <= p.rows; r += 4) {
    __m512 sum[4];
    NETY_UNROLL
    for (int i = 0; i < 4; ++i) {
      __m512 one[1] = {_mm512_setzero_ps()};
      add_products<1, 1>(p, r + i, 0, 0, p.cols, one);
      sum[i] = one[0];
    }
    store_sums<4, 1>(sum, p.y + r, p.y_stride);
  }
  for (; r < p.rows; ++r) tile<1, 1>(p, r, 0);
}

}  // namespace

NETY_AVX512 void float_panel_fp32_avx512(const FloatPanel& p) {
  if (p.tokens == 1) return in_order(p);
  const bool is_long = p.cols > kStretch + kStretch / 2 && p.rows <= kMostRows;
  int64_t t = 0;
  for (; t + 6 <= p.tokens; t += 6) {
    if (is_long)
      long_column(p, t);
    else
      column<6>(p, 0, t);
  }
  for (; t + 2 <= p.tokens; t += 2) column<2>(p, 0, t);
  for (; t < p.tokens; ++t) column<1>(p, 0, t);
}

}  // namespace nety::kernels
#endif
