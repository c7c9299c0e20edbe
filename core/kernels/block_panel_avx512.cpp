// Integer products in blocks of 32 with VNNI: 64 codes, two blocks, per step. VPDPBUSD takes an
// unsigned operand: weights go in as code + 128 and 128 * (sum of activation codes) comes off
// again, in integers, so the dot stays exact. Lanes 0-7 belong to the first block, 8-15 to the
// second.
#if defined(__x86_64__)
#include "core/kernels/panels.h"
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline __m512i pair(const void* two) {
  return _mm512_castsi128_si512(_mm_loadl_epi64(static_cast<const __m128i*>(two)));
}

NETY_AVX512 inline __m512i halves_index() {
  return _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
}

// Two floats, each to one half of a register.
NETY_AVX512 inline __m512 halves(const float* two) {
  return _mm512_castsi512_ps(_mm512_permutexvar_epi32(halves_index(), pair(two)));
}

// -128 * code sums in lanes 0 and 8, zero elsewhere.
NETY_AVX512 inline __m512i correction(const int32_t* two) {
  const __m512i spread = _mm512_maskz_permutexvar_epi32(0x0101, halves_index(), pair(two));
  return _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(spread, 7));
}

template <int R, int T>
NETY_AVX512 void tile(const BlockPanel& p, int64_t r0, int64_t t0) {
  const int64_t blocks = p.x.blocks;
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
  __m512 sum[R][T];
  float rest[R][T] = {};
  for (auto& row : sum)
    for (__m512& s : row) s = _mm512_setzero_ps();
  for (int64_t b = 0; b < blocks; b += 2) {
    __m512i high[T], low[T], off[T];
    __m512 x_scale[T];
    for (int t = 0; t < T; ++t) {
      const int64_t at = (t0 + t) * blocks + b;
      high[t] = _mm512_loadu_si512(p.x.high + at * 32);
      low[t] = _mm512_loadu_si512(p.x.low + at * 32);
      off[t] = correction(p.x.code_sums + at);
      x_scale[t] = halves(p.x.scales + at);
    }
    for (int r = 0; r < R; ++r) {
      const int64_t at = (r0 + r) * blocks + b;
      const __m512i ws = _mm512_xor_si512(_mm512_loadu_si512(p.w.codes + at * 32), flip);
      const __m512 w_scale = halves(p.w.scales + at);
      for (int t = 0; t < T; ++t) {
        const __m512i tops = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ws, high[t]);
        const __m512i small = _mm512_dpbusd_epi32(off[t], ws, low[t]);
        // 254 * tops + rest, without the slow multiplication.
        const __m512i both = _mm512_add_epi32(
            small, _mm512_sub_epi32(_mm512_slli_epi32(tops, 8), _mm512_slli_epi32(tops, 1)));
        const __m512 dot = _mm512_cvtepi32_ps(both);
        sum[r][t] = _mm512_fmadd_ps(_mm512_mul_ps(w_scale, x_scale[t]), dot, sum[r][t]);
      }
    }
  }
  if (p.w.mins != nullptr)
    for (int r = 0; r < R; ++r)
      for (int t = 0; t < T; ++t) {
        __m512 s = _mm512_setzero_ps();
        for (int64_t b = 0; b < blocks; b += 16) {
          const __mmask16 some = first_lanes(blocks - b);
          s = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, p.w.mins + (r0 + r) * blocks + b),
                              _mm512_maskz_loadu_ps(some, p.x.sums + (t0 + t) * blocks + b), s);
        }
        rest[r][t] = _mm512_reduce_add_ps(s);
      }
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < R; ++r)
      p.y[(t0 + t) * p.y_stride + r0 + r] = _mm512_reduce_add_ps(sum[r][t]) + rest[r][t];
}

template <int T>
NETY_AVX512 void column(const BlockPanel& p, int64_t t0) {
  int64_t r = 0;
  for (; r + 4 <= p.w.rows; r += 4) tile<4, T>(p, r, t0);
  for (; r < p.w.rows; ++r) tile<1, T>(p, r, t0);
}

}  // namespace

NETY_AVX512 void block_panel_q8_avx512(const BlockPanel& p) {
  int64_t t = 0;
  for (; t + 4 <= p.tokens; t += 4) column<4>(p, t);
  for (; t < p.tokens; ++t) column<1>(p, t);
}

}  // namespace nety::kernels
#endif
