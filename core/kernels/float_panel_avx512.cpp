// fp32 products with panels in AVX-512.
#if defined(__x86_64__)
#include "core/kernels/vector_avx512.h"

#define NETY_TARGET NETY_AVX512
#include "core/kernels/panel_avx512.h"

namespace nety::kernels {
namespace {

struct FloatColumns {
  using Element = float;
  static constexpr int64_t kChunk = 512;

  template <int R, int T>
  NETY_AVX512_INLINE static void add(const FloatPanel& p, int64_t r0, int64_t t0, int64_t k,
                                     int64_t end, __m512 (&sum)[R * T]) {
    const float* w = p.w + r0 * p.w_stride;
    const float* x = p.x + t0 * p.x_stride;
    for (; k + 16 <= end; k += 16) {
      __m512 xs[T];
      NETY_UNROLL
      for (int t = 0; t < T; ++t) xs[t] = _mm512_loadu_ps(x + t * p.x_stride + k);
      NETY_UNROLL
      for (int r = 0; r < R; ++r) {
        if constexpr (R == 1 && T == 1) fetch(w + k, 64);
        const __m512 ws = _mm512_loadu_ps(w + r * p.w_stride + k);
        NETY_UNROLL
        for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_fmadd_ps(ws, xs[t], sum[r * T + t]);
      }
    }
    if (k < end) {
      const __mmask16 rest = first_lanes(end - k);
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
};

}  // namespace

NETY_AVX512 void float_panel_fp32_avx512(const FloatPanel& p) { multiply_panel<FloatColumns>(p); }

}  // namespace nety::kernels
#endif
