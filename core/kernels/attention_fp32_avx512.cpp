// Attention over fp32 keys and values: a key row is loaded once for the whole query group, a value
// column block once for all positions.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline __mmask16 mask_of(int64_t left) {
  return static_cast<__mmask16>(left >= 16 ? 0xffffU : (1U << left) - 1U);
}

NETY_AVX512 void score(const Attention& p, const float* keys) {
  for (int64_t i = 0; i < p.length; ++i) {
    const float* key = keys + i * p.stride;
    for (int64_t g = 0; g < p.group; ++g) {
      __m512 dot = _mm512_setzero_ps();
      for (int64_t d = 0; d < p.head_dim; d += 16) {
        const __mmask16 some = mask_of(p.head_dim - d);
        dot = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, p.q + g * p.head_dim + d),
                              _mm512_maskz_loadu_ps(some, key + d), dot);
      }
      p.scores[g * p.length + i] = _mm512_reduce_add_ps(dot) * p.scale;
    }
  }
}

// Scores of one query head to probabilities.
NETY_AVX512 void softmax(float* scores, int64_t length) {
  __m512 tops = _mm512_set1_ps(-__builtin_inff());
  for (int64_t i = 0; i < length; i += 16)
    tops = _mm512_mask_max_ps(tops, mask_of(length - i), tops,
                              _mm512_maskz_loadu_ps(mask_of(length - i), scores + i));
  const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(tops));
  __m512 sums = _mm512_setzero_ps();
  for (int64_t i = 0; i < length; i += 16) {
    const __mmask16 some = mask_of(length - i);
    const __m512 e = exp_avx512(_mm512_sub_ps(_mm512_maskz_loadu_ps(some, scores + i), top));
    sums = _mm512_mask_add_ps(sums, some, sums, e);
    _mm512_mask_storeu_ps(scores + i, some, e);
  }
  const __m512 scale = _mm512_set1_ps(1.0F / _mm512_reduce_add_ps(sums));
  for (int64_t i = 0; i < length; i += 16) {
    const __mmask16 some = mask_of(length - i);
    _mm512_mask_storeu_ps(scores + i, some,
                          _mm512_mul_ps(_mm512_maskz_loadu_ps(some, scores + i), scale));
  }
}

NETY_AVX512 void combine(const Attention& p, const float* values) {
  for (int64_t g = 0; g < p.group; ++g) {
    const float* scores = p.scores + g * p.length;
    for (int64_t d = 0; d < p.head_dim; d += 64) {
      __m512 sum[4] = {};
      __mmask16 some[4];
      for (int c = 0; c < 4; ++c) {
        const int64_t left = p.head_dim - d - 16 * c;
        some[c] = left > 0 ? mask_of(left) : static_cast<__mmask16>(0);
      }
      for (int64_t i = 0; i < p.length; ++i) {
        const __m512 weight = _mm512_set1_ps(scores[i]);
        const float* value = values + i * p.stride + d;
        for (int c = 0; c < 4; ++c)
          sum[c] = _mm512_fmadd_ps(weight, _mm512_maskz_loadu_ps(some[c], value + 16 * c), sum[c]);
      }
      for (int c = 0; c < 4; ++c)
        _mm512_mask_storeu_ps(p.a + g * p.head_dim + d + 16 * c, some[c], sum[c]);
    }
  }
}

}  // namespace

NETY_AVX512 void attention_fp32_avx512(const Attention& p) {
  score(p, static_cast<const float*>(p.keys));
  for (int64_t g = 0; g < p.group; ++g) softmax(p.scores + g * p.length, p.length);
  combine(p, static_cast<const float*>(p.values));
}

}  // namespace nety::kernels
#endif
