// x = cap tanh(x / cap), sixteen at a time, by tanh |y| = (1 - exp(-2 |y|)) / (1 + exp(-2 |y|)).
#if defined(__x86_64__)
#include "core/kernels/soft_cap.h"
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {

NETY_AVX512 void soft_cap_fp32_avx512(float* x, int64_t n, float cap) {
  const __m512 one = _mm512_set1_ps(1.0F);
  const __m512i sign = _mm512_set1_epi32(INT32_MIN);
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 some = first_lanes(n - i);
    const __m512 y = _mm512_div_ps(_mm512_maskz_loadu_ps(some, x + i), _mm512_set1_ps(cap));
    const __m512i bits = _mm512_castps_si512(y);
    const __m512 size = _mm512_castsi512_ps(_mm512_andnot_si512(sign, bits));
    const __m512 e = exp_avx512(_mm512_mul_ps(_mm512_set1_ps(-2.0F), size));
    const __m512 tanh = _mm512_div_ps(_mm512_sub_ps(one, e), _mm512_add_ps(one, e));
    const __m512i signed_bits =
        _mm512_or_si512(_mm512_castps_si512(tanh), _mm512_and_si512(sign, bits));
    _mm512_mask_storeu_ps(x + i, some,
                          _mm512_mul_ps(_mm512_set1_ps(cap), _mm512_castsi512_ps(signed_bits)));
  }
}

}  // namespace nety::kernels
#endif
