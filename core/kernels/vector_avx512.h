// What the AVX-512 cells share: their target, how their loops over a tile are compiled, and exp.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <initializer_list>

#include "core/kernels/unroll.h"

#define NETY_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")))

// For what takes a tile's accumulators by reference: inlined before GCC decides what lives in
// registers, with loops over the tile unrolled (NETY_UNROLL), or the accumulators stay in memory.
#define NETY_AVX512_INLINE NETY_AVX512 inline __attribute__((always_inline))

namespace nety::kernels {
namespace {

// The first `count` lanes, all of them from 16 on.
NETY_AVX512_INLINE __mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xffffU : (1U << count) - 1U);
}

NETY_AVX512_INLINE __m512 widened_bf16(__m256i v) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}

// exp(x) within 2 ulp, by x = n ln 2 + r and the series to r^7; 0 and infinity beyond the range.
NETY_AVX512 inline __m512 exp_avx512(__m512 x) {
  x = _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(-104.0F)), _mm512_set1_ps(89.0F));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504F)), 0);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375F), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4F), r);
  __m512 e = _mm512_set1_ps(1.0F / 5040);
  for (const float c : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
    e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(c));
  return _mm512_scalef_ps(e, n);
}

}  // namespace
}  // namespace nety::kernels
