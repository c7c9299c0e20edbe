// h = gelu(g) * u, sixteen at a time.
#if defined(__x86_64__)
#include "core/kernels/gelu.h"
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {

NETY_AVX512 void gelu_fp32_avx512(const float* g, const float* u, float* h, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 some = first_lanes(n - i);
    const __m512 x = _mm512_maskz_loadu_ps(some, g + i);
    const __m512 square = _mm512_mul_ps(x, x);
    const __m512 inner = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_set1_ps(kGeluCube), square), x, x);
    const __m512 e = exp_avx512(_mm512_mul_ps(_mm512_set1_ps(-kGeluTwice), inner));
    __m512 y = _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1.0F), e));
    if (u != nullptr) y = _mm512_mul_ps(y, _mm512_maskz_loadu_ps(some, u + i));
    _mm512_mask_storeu_ps(h + i, some, y);
  }
}

}  // namespace nety::kernels
#endif
