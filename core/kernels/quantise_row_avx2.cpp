// A row of activations as LLM.int8() rounds it, eight at a time. The last few are rounded as a
// vector padded with zeros.
#if defined(__x86_64__)
#include "core/kernels/activations.h"
#include "core/kernels/vector_avx2.h"
#include "core/precision/activation.h"

namespace nety::kernels {
namespace {

constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

// Eight values rounded to fp16, zeros past the end of the row.
NETY_AVX2 inline __m256 halves(const float* x, int64_t left) {
  __m256 v;
  if (left >= 8) {
    v = _mm256_loadu_ps(x);
  } else {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    v = _mm256_maskload_ps(
        x, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(left)), lanes));
  }
  return _mm256_cvtph_ps(_mm256_cvtps_ph(v, kNearest));
}

NETY_AVX2 inline __m256 magnitude(__m256 v) {
  return _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff)));
}

}  // namespace

NETY_AVX2 void quantise_row_int8_avx2(const float* x, int64_t cols, precision::Int8Row& out) {
  const __m256 threshold = _mm256_set1_ps(precision::kOutlierThreshold);
  __m256 top = _mm256_setzero_ps(), bad = _mm256_setzero_ps();
  out.outlier_count = 0;
  for (int64_t k = 0; k < cols; k += 8) {
    const __m256 h = magnitude(halves(x + k, cols - k));
    const __m256 over = _mm256_cmp_ps(h, threshold, _CMP_GE_OQ);
    bad = _mm256_or_ps(bad, _mm256_cmp_ps(h, h, _CMP_UNORD_Q));
    top = _mm256_max_ps(top, _mm256_andnot_ps(over, h));
    for (int lanes = _mm256_movemask_ps(over); lanes != 0; lanes &= lanes - 1)
      out.outliers[out.outlier_count++] =
          static_cast<int32_t>(k + __builtin_ctz(static_cast<unsigned>(lanes)));
  }
  const float scale = largest(top);
  if (_mm256_movemask_ps(bad) != 0 || scale == 0)
    return precision::quantise_row(x, cols, precision::kOutlierThreshold, out);
  out.scale = scale;
  const __m256 inverse = _mm256_set1_ps((1.0F / scale) * 127.0F);
  for (int64_t k = 0; k < cols; k += 8) {
    const __m256 h = halves(x + k, cols - k);
    const __m256 over = _mm256_cmp_ps(magnitude(h), threshold, _CMP_GE_OQ);
    const __m256i codes = _mm256_cvtps_epi32(_mm256_andnot_ps(over, _mm256_mul_ps(h, inverse)));
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    int8_t bytes[16];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm_packs_epi16(words, words));
    const int64_t count = cols - k < 8 ? cols - k : 8;
    if (count == 8)
      __builtin_memcpy(out.codes + k, bytes, 8);
    else
      for (int64_t i = 0; i < count; ++i) out.codes[k + i] = bytes[i];
  }
}

}  // namespace nety::kernels
#endif
