// Sums over the lanes of a tile's accumulators, by one tree whatever the tile: lanes 8 apart, then
// 4, 2 and 1.
#pragma once

#include "core/kernels/vector_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512_INLINE __m128 quarter(__m512 v) {
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

NETY_AVX512_INLINE float lane_sum(__m512 v) {
  __m128 s = quarter(v);
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}

NETY_AVX512_INLINE __m128 lane_sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m128 qa = quarter(a), qb = quarter(b), qc = quarter(c), qd = quarter(d);
  const __m128 ab = _mm_add_ps(_mm_movelh_ps(qa, qb), _mm_movehl_ps(qb, qa));
  const __m128 cd = _mm_add_ps(_mm_movelh_ps(qc, qd), _mm_movehl_ps(qd, qc));
  return _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xdd));
}

// y[t * stride + r] = the sum of accumulator [r][t].
template <int R, int T>
NETY_AVX512_INLINE void store_sums(const __m512 (&sum)[R * T], float* y, int64_t stride) {
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    int r = 0;
    NETY_UNROLL
    for (; r + 4 <= R; r += 4)
      _mm_storeu_ps(y + t * stride + r, lane_sums(sum[r * T + t], sum[(r + 1) * T + t],
                                                  sum[(r + 2) * T + t], sum[(r + 3) * T + t]));
    NETY_UNROLL
    for (; r < R; ++r) y[t * stride + r] = lane_sum(sum[r * T + t]);
  }
}

NETY_AVX512_INLINE __m128i quarter(__m512i v) {
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

NETY_AVX512_INLINE __m128i lane_sums(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m128i qa = quarter(a), qb = quarter(b), qc = quarter(c), qd = quarter(d);
  const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(qa, qb), _mm_unpackhi_epi32(qa, qb));
  const __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(qc, qd), _mm_unpackhi_epi32(qc, qd));
  return _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
}

// y[t * stride + r] = the sum of accumulator [r][t], less offsets[t].
template <int R, int T>
NETY_AVX512_INLINE void store_sums(const __m512i (&sum)[R * T], const int32_t (&offsets)[T],
                                   int32_t* y, int64_t stride) {
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    int r = 0;
    NETY_UNROLL
    for (; r + 4 <= R; r += 4) {
      const __m128i four = lane_sums(sum[r * T + t], sum[(r + 1) * T + t], sum[(r + 2) * T + t],
                                     sum[(r + 3) * T + t]);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y + t * stride + r),
                       _mm_sub_epi32(four, _mm_set1_epi32(offsets[t])));
    }
    NETY_UNROLL
    for (; r < R; ++r) y[t * stride + r] = _mm512_reduce_add_epi32(sum[r * T + t]) - offsets[t];
  }
}

}  // namespace
}  // namespace nety::kernels
