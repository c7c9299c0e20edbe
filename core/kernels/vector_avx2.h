// What the AVX2 cells share: their target, sums over lanes, and exp.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <initializer_list>

#include "core/kernels/unroll.h"

#define NETY_AVX2 __attribute__((target("avx2,fma,f16c")))

// As in vector_avx512.h: inlined before GCC decides what lives in registers, loops over a tile
// unrolled.
#define NETY_AVX2_INLINE NETY_AVX2 inline __attribute__((always_inline))

namespace nety::kernels {
namespace {

NETY_AVX2 inline float total(__m256 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}

// Of both vectors: lanes 8 apart, then 4, 2 and 1.
NETY_AVX2 inline float total(__m256 first, __m256 second) {
  return total(_mm256_add_ps(first, second));
}

NETY_AVX2 inline int32_t total(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

// The largest of values that are not NaN.
NETY_AVX2 inline float largest(__m256 v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_shuffle_ps(s, s, 1)));
}

NETY_AVX2_INLINE __m256 widened_bf16(__m128i v) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
}

// sum + v. GCC 12 gives a loop's sums two registers each and copies them to and fro.
NETY_AVX2_INLINE void add_in_place(__m256i& sum, __m256i v) {
  __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(v));
}

// exp(x) within 2 ulp for x in [-87, 88], by x = n ln 2 + r and the series to r^7; clamped outside.
NETY_AVX2 inline __m256 exp_avx2(__m256 x) {
  x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(-87.0F)), _mm256_set1_ps(88.0F));
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 e = _mm256_set1_ps(1.0F / 5040);
  for (const float c : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
    e = _mm256_fmadd_ps(e, r, _mm256_set1_ps(c));
  const __m256i power =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(e, _mm256_castsi256_ps(power));
}

}  // namespace
}  // namespace nety::kernels
