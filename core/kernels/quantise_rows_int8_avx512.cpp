// Weights to LLM.int8() codes: each row through fp16, scaled by its largest magnitude.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {
namespace {

constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

NETY_AVX512 inline __mmask16 mask_of(int64_t left) {
  return static_cast<__mmask16>(left >= 16 ? 0xffffU : (1U << left) - 1U);
}

NETY_AVX512 inline __m512 halves(const float* w, int64_t left) {
  return _mm512_cvtph_ps(_mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask_of(left), w), kNearest));
}

}  // namespace

NETY_AVX512 bool quantise_rows_int8_avx512(const float* w, int64_t rows, int64_t cols,
                                           std::byte* codes, float* scales) {
  for (int64_t r = 0; r < rows; ++r, w += cols, codes += cols) {
    __m512 top = _mm512_setzero_ps();
    __mmask16 bad = 0;
    for (int64_t k = 0; k < cols; k += 16) {
      const __m512 h = _mm512_abs_ps(halves(w + k, cols - k));
      bad |= _mm512_cmp_ps_mask(h, _mm512_set1_ps(__builtin_inff()), _CMP_NLT_UQ);
      top = _mm512_max_ps(top, h);
    }
    if (bad != 0) return false;
    const float scale = _mm512_reduce_max_ps(top);
    scales[r] = scale;
    const __m512 inverse = _mm512_set1_ps(scale > 0 ? (1.0F / scale) * 127.0F : 0.0F);
    for (int64_t k = 0; k < cols; k += 16) {
      const __m512i code = _mm512_cvtps_epi32(_mm512_mul_ps(halves(w + k, cols - k), inverse));
      _mm512_mask_cvtepi32_storeu_epi8(codes + k, mask_of(cols - k), code);
    }
  }
  return true;
}

}  // namespace nety::kernels
#endif
