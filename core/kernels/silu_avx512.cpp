// h = silu(g) * u, sixteen at a time.
#if defined(__x86_64__)
#include "core/kernels/silu.h"
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {

NETY_AVX512 void silu_fp32_avx512(const float* g, const float* u, float* h, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 some = first_lanes(n - i);
    const __m512 gs = _mm512_maskz_loadu_ps(some, g + i);
    const __m512 us = _mm512_maskz_loadu_ps(some, u + i);
    const __m512 e = exp_avx512(_mm512_sub_ps(_mm512_setzero_ps(), gs));
    const __m512 silu = _mm512_div_ps(gs, _mm512_add_ps(_mm512_set1_ps(1.0F), e));
    _mm512_mask_storeu_ps(h + i, some, _mm512_mul_ps(silu, us));
  }
}

}  // namespace nety::kernels
#endif
