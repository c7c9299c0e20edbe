// Sums over the lanes of a tile's accumulators, by one tree whatever the tile: lanes 8 apart, then
// 4, 2 and 1.
#pragma once

#include "core/kernels/vector_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline __m128 quarter(__m512 v) {
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

NETY_AVX512 inline float lane_sum(__m512 v) {
  __m128 s = quarter(v);
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}

NETY_AVX512 inline __m128 lane_sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m128 qa = quarter(a), qb = quarter(b), qc = quarter(c), qd = quarter(d);
  const __m128 ab = _mm_add_ps(_mm_movelh_ps(qa, qb), _mm_movehl_ps(qb, qa));
  const __m128 cd = _mm_add_ps(_mm_movelh_ps(qc, qd), _mm_movehl_ps(qd, qc));
  return _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xdd));
}

// y[t * stride + r] = the sum of accumulator [r][t].
template <int R, int T>
NETY_AVX512 inline void store_sums(const __m512 (&sum)[R * T], float* y, int64_t stride) {
  for (int t = 0; t < T; ++t) {
    int r = 0;
    for (; r + 4 <= R; r += 4)
      _mm_storeu_ps(y + t * stride + r, lane_sums(sum[r * T + t], sum[(r + 1) * T + t],
                                                  sum[(r + 2) * T + t], sum[(r + 3) * T + t]));
    for (; r < R; ++r) y[t * stride + r] = lane_sum(sum[r * T + t]);
  }
}

}  // namespace
}  // namespace nety::kernels
