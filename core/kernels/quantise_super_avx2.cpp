// Activations to 8-bit codes in blocks of 256: the reference's arithmetic, eight at a time. Blocks
// with values that are not finite, or too small to scale, take the reference itself.
#if defined(__x86_64__)
#include "core/kernels/activations.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {

void quantise_super_q8_k_scalar(const float* x, int64_t cols, const SuperActivations& out,
                                int64_t t);

namespace {

NETY_AVX2 inline __m256 magnitude(const float* x) {
  return _mm256_and_ps(_mm256_loadu_ps(x), _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff)));
}

// The largest magnitude of x [256]; infinity if any value is not finite.
NETY_AVX2 inline float largest_or_infinity(const float* x) {
  __m256 top = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
  for (int i = 0; i < 256; i += 8) {
    const __m256 v = _mm256_loadu_ps(x + i);
    top = _mm256_max_ps(top, magnitude(x + i));
    odd = _mm256_or_ps(odd, _mm256_sub_ps(v, v));  // NaN where v is not finite
  }
  if (_mm256_movemask_ps(_mm256_cmp_ps(odd, odd, _CMP_UNORD_Q)) != 0) return __builtin_inff();
  return largest(top);
}

// The codes of 16 values, and their sum.
NETY_AVX2 inline int32_t code_16(const float* x, __m256 inverse, int8_t* codes) {
  const __m256i a = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), inverse));
  const __m256i b = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8), inverse));
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
  const __m128i bytes =
      _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), bytes);
  return total(_mm256_add_epi32(a, b));
}

}  // namespace

NETY_AVX2 void quantise_super_q8_k_avx2(const float* x, int64_t cols, const SuperActivations& out,
                                        int64_t t) {
  for (int64_t b = 0; b < cols / 256; ++b, x += 256) {
    const float amax = largest_or_infinity(x);
    const int64_t at = t * out.blocks + b;
    if (!(amax > 1e-30F && amax < __builtin_inff())) {
      SuperActivations one = out;
      one.blocks = 0;
      one.codes += at * 256, one.scales += at, one.sums += at * 8, one.group_sums += at * 16;
      quantise_super_q8_k_scalar(x, 256, one, 0);
      continue;
    }
    const __m256 inverse = _mm256_set1_ps(127.0F / amax);
    out.scales[at] = amax / 127.0F;
    for (int64_t g = 0; g < 16; ++g)
      out.group_sums[at * 16 + g] = code_16(x + 16 * g, inverse, out.codes + at * 256 + 16 * g);
    for (int64_t g = 0; g < 8; ++g)
      out.sums[at * 8 + g] = static_cast<int16_t>(out.group_sums[at * 16 + 2 * g] +
                                                  out.group_sums[at * 16 + 2 * g + 1]);
  }
}

}  // namespace nety::kernels
#endif
