// bf16 products with panels by VDPBF16PS: pairs of weights with pairs of activations, sums in fp32.
// The instruction takes subnormal inputs as zero.
#if defined(__x86_64__)
#define NETY_AVX512_BF16                                                          \
  __attribute__((                                                                 \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma," \
             "f16c")))

#define NETY_TARGET NETY_AVX512_BF16
#include "core/kernels/panel_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512_BF16 inline __m512bh pairs(__m512i v) { return reinterpret_cast<__m512bh&>(v); }

struct Bf16Columns {
  using Element = uint16_t;
  static constexpr int64_t kChunk = 1024;

  template <int R, int T>
  NETY_AVX512_BF16 inline __attribute__((always_inline)) static void add(const Bf16Panel& p,
                                                                         int64_t r0, int64_t t0,
                                                                         int64_t k, int64_t end,
                                                                         __m512 (&sum)[R * T]) {
    const uint16_t* w = p.w + r0 * p.w_stride;
    const uint16_t* x = p.x + t0 * p.x_stride;
    for (; k + 32 <= end; k += 32) {
      __m512bh xs[T];
      NETY_UNROLL
      for (int t = 0; t < T; ++t) xs[t] = pairs(_mm512_loadu_si512(x + t * p.x_stride + k));
      NETY_UNROLL
      for (int r = 0; r < R; ++r) {
        if constexpr (R == 1 && T == 1) fetch(w + k, 64);
        const __m512bh ws = pairs(_mm512_loadu_si512(w + r * p.w_stride + k));
        NETY_UNROLL
        for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_dpbf16_ps(sum[r * T + t], ws, xs[t]);
      }
    }
    if (k < end) {
      const __mmask32 rest = static_cast<__mmask32>((uint64_t{1} << (end - k)) - 1U);
      NETY_UNROLL
      for (int t = 0; t < T; ++t) {
        const __m512bh xs = pairs(_mm512_maskz_loadu_epi16(rest, x + t * p.x_stride + k));
        NETY_UNROLL
        for (int r = 0; r < R; ++r) {
          const __m512bh ws = pairs(_mm512_maskz_loadu_epi16(rest, w + r * p.w_stride + k));
          sum[r * T + t] = _mm512_dpbf16_ps(sum[r * T + t], ws, xs);
        }
      }
    }
  }
};

}  // namespace

NETY_AVX512_BF16 void bf16_panel_bf16_avx512bf16(const Bf16Panel& p) {
  multiply_panel<Bf16Columns>(p);
}

}  // namespace nety::kernels
#endif
