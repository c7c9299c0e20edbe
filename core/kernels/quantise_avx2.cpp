// Activations to 16-bit codes in blocks of 32: the reference's arithmetic, eight at a time. Blocks
// with values that are not finite, or too small to scale, take the reference itself.
#if defined(__x86_64__)
#include "core/kernels/activations.h"
#include "core/kernels/code_bytes.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

// 32 small integers to bytes. The packs work within 128-bit halves; the permutation puts the dwords
// back in order.
NETY_AVX2 inline void store(const __m256i (&values)[4], int8_t* out) {
  const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(values[0], values[1]),
                                           _mm256_packs_epi32(values[2], values[3]));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(bytes, order));
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
      quantise_block(x + b * 32, out, at);
      continue;
    }
    const __m256 inverse = _mm256_set1_ps(precision::kFineCodes / amax);
    const __m256 per_base = _mm256_set1_ps(1.0F / kCodeBase);
    __m256i high[4], low[4];
    __m256i sums = _mm256_setzero_si256();
    for (int i = 0; i < 4; ++i) {
      const __m256i codes = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
      sums = _mm256_add_epi32(sums, codes);
      high[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(codes), per_base));
      low[i] = _mm256_sub_epi32(codes, _mm256_mullo_epi32(high[i], _mm256_set1_epi32(kCodeBase)));
    }
    store(high, out.high + at * 32);
    store(low, out.low + at * 32);
    out.code_sums[at] = total(sums);
    out.scales[at] = amax / precision::kFineCodes;
    out.sums[at] = out.scales[at] * static_cast<float>(out.code_sums[at]);
  }
}

}  // namespace nety::kernels
#endif
