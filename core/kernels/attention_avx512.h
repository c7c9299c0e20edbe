// Attention over a stretch of keys and values: both are read once for the whole query group, four
// positions at a time. Sums are in position order.
#pragma once

#include "core/kernels/kernels.h"
#include "core/kernels/sums_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline __mmask16 mask_of(int64_t left) {
  if (left <= 0) return 0;
  return static_cast<__mmask16>(left >= 16 ? 0xffffU : (1U << left) - 1U);
}

struct Fp32Cache {
  using Element = float;
  NETY_AVX512 static inline __m512 load(const float* at, __mmask16 some) {
    return _mm512_maskz_loadu_ps(some, at);
  }
};

struct Bf16Cache {
  using Element = uint16_t;
  NETY_AVX512 static inline __m512 load(const uint16_t* at, __mmask16 some) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(some, at)), 16));
  }
};

template <class Cache, int N>
NETY_AVX512 inline void score(const Attention& p, const typename Cache::Element* key, int64_t i) {
  for (int64_t g = 0; g < p.group; ++g) {
    __m512 dot[N];
    for (__m512& s : dot) s = _mm512_setzero_ps();
    for (int64_t d = 0; d < p.head_dim; d += 16) {
      const __mmask16 some = mask_of(p.head_dim - d);
      const __m512 q = _mm512_maskz_loadu_ps(some, p.q + g * p.head_dim + d);
      for (int n = 0; n < N; ++n)
        dot[n] = _mm512_fmadd_ps(q, Cache::load(key + n * p.stride + d, some), dot[n]);
    }
    float* scores = p.scores + g * p.length + i;
    if constexpr (N == 4)
      _mm_storeu_ps(scores,
                    _mm_mul_ps(lane_sums(dot[0], dot[1], dot[2], dot[3]), _mm_set1_ps(p.scale)));
    else
      scores[0] = lane_sum(dot[0]) * p.scale;
  }
}

// Scores of one query head to exp(score - top); their sum.
NETY_AVX512 inline void exponentials(float* scores, int64_t length, float& top_out, float& sum) {
  __m512 tops = _mm512_set1_ps(-__builtin_inff());
  for (int64_t i = 0; i < length; i += 16)
    tops = _mm512_mask_max_ps(tops, mask_of(length - i), tops,
                              _mm512_maskz_loadu_ps(mask_of(length - i), scores + i));
  top_out = _mm512_reduce_max_ps(tops);
  const __m512 top = _mm512_set1_ps(top_out);
  __m512 sums = _mm512_setzero_ps();
  for (int64_t i = 0; i < length; i += 16) {
    const __mmask16 some = mask_of(length - i);
    const __m512 e = exp_avx512(_mm512_sub_ps(_mm512_maskz_loadu_ps(some, scores + i), top));
    sums = _mm512_mask_add_ps(sums, some, sums, e);
    _mm512_mask_storeu_ps(scores + i, some, e);
  }
  sum = lane_sum(sums);
}

// Columns d to d + 63 of G query heads from g0 on.
template <class Cache, int G>
NETY_AVX512 inline void combine(const Attention& p, const typename Cache::Element* values,
                                int64_t g0, int64_t d) {
  __mmask16 some[4];
  for (int c = 0; c < 4; ++c) some[c] = mask_of(p.head_dim - d - 16 * c);
  __m512 sum[G * 4];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  const float* scores = p.scores + g0 * p.length;
  for (int64_t i = 0; i < p.length; ++i) {
    const auto* value = values + i * p.stride + d;
    __m512 vs[4];
    for (int c = 0; c < 4; ++c) vs[c] = Cache::load(value + 16 * c, some[c]);
    for (int g = 0; g < G; ++g) {
      const __m512 weight = _mm512_set1_ps(scores[g * p.length + i]);
      for (int c = 0; c < 4; ++c) sum[g * 4 + c] = _mm512_fmadd_ps(weight, vs[c], sum[g * 4 + c]);
    }
  }
  for (int g = 0; g < G; ++g)
    for (int c = 0; c < 4; ++c)
      _mm512_mask_storeu_ps(p.a + (g0 + g) * p.head_dim + d + 16 * c, some[c], sum[g * 4 + c]);
}

template <class Cache>
NETY_AVX512 inline void attend(const Attention& p) {
  const auto* keys = static_cast<const typename Cache::Element*>(p.keys);
  const auto* values = static_cast<const typename Cache::Element*>(p.values);
  int64_t i = 0;
  for (; i + 4 <= p.length; i += 4) score<Cache, 4>(p, keys + i * p.stride, i);
  for (; i < p.length; ++i) score<Cache, 1>(p, keys + i * p.stride, i);
  for (int64_t g = 0; g < p.group; ++g)
    exponentials(p.scores + g * p.length, p.length, p.tops[g], p.sums[g]);
  for (int64_t d = 0; d < p.head_dim; d += 64) {
    int64_t g = 0;
    for (; g + 4 <= p.group; g += 4) combine<Cache, 4>(p, values, g, d);
    for (; g + 3 <= p.group; g += 3) combine<Cache, 3>(p, values, g, d);
    for (; g < p.group; ++g) combine<Cache, 1>(p, values, g, d);
  }
}

}  // namespace
}  // namespace nety::kernels
