// Activations to int8 in blocks of 32: the reference's arithmetic, eight at a time. Blocks with
// values that are not finite, or too small to scale, take the reference itself.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/vector_avx2.h"
#include "core/precision/activation.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline float largest(__m256 v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_shuffle_ps(s, s, 1)));
}

}  // namespace

NETY_AVX2 void quantise_q8_avx2(const float* x, int64_t cols, const BlockActivations& out,
                                int64_t t) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  for (int64_t b = 0; b < cols / 32; ++b) {
    const int64_t at = t * out.blocks + b;
    __m256 v[4];
    __m256 top = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm256_loadu_ps(x + b * 32 + i * 8);
      top = _mm256_max_ps(top, _mm256_and_ps(v[i], magnitude));
      odd = _mm256_or_ps(odd, _mm256_sub_ps(v[i], v[i]));  // NaN where v is not finite
    }
    const float amax = largest(top);
    const bool finite = _mm256_movemask_ps(_mm256_cmp_ps(odd, odd, _CMP_UNORD_Q)) == 0;
    if (!finite || amax < 1e-30F) {
      int16_t sum = 0;
      precision::quantise_blocks(x + b * 32, 32, precision::kBlock,
                                 {out.codes + at * 32, out.scales + at, &sum});
      out.code_sums[at] = sum;
      out.sums[at] = out.scales[at] * static_cast<float>(sum);
      continue;
    }
    const __m256 inverse = _mm256_set1_ps(127.0F / amax);
    __m256i codes[4];
    for (int i = 0; i < 4; ++i) codes[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
    out.code_sums[at] = total(_mm256_add_epi32(_mm256_add_epi32(codes[0], codes[1]),
                                               _mm256_add_epi32(codes[2], codes[3])));
    // The packs work within 128-bit halves; the permutation puts the dwords back in order.
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(codes[0], codes[1]),
                                             _mm256_packs_epi32(codes[2], codes[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.codes + at * 32),
                        _mm256_permutevar8x32_epi32(bytes, order));
    out.scales[at] = amax / 127.0F;
    out.sums[at] = out.scales[at] * static_cast<float>(out.code_sums[at]);
  }
}

}  // namespace nety::kernels
#endif
