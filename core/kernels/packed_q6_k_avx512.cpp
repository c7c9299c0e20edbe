// q6_k rows, packed, times activations in 8-bit codes per 256.
#if defined(__x86_64__)
#include "core/kernels/packed_avx512.h"

namespace nety::kernels {
namespace {

// The codes of quad `q` in the four runs of 32 weights of a half: nibbles and two high bits.
NETY_AVX512_INLINE void six_bits(const std::byte* quad, int q, __m512i (&codes)[4][4]) {
  const __m512i nibble = _mm512_set1_epi8(15), upper = _mm512_set1_epi8(0x30);
  const __m512i first = vector_at(quad), second = vector_at(quad + 64),
                high = vector_at(quad + 128);
  const auto joined = [&](__m512i low, __m512i moved) NETY_AVX512 {
    return _mm512_ternarylogic_epi32(_mm512_and_si512(low, nibble), moved, upper, 0xf8);
  };  // low | (moved & upper)
  codes[0][q] = joined(first, _mm512_slli_epi16(high, 4));
  codes[1][q] = joined(second, _mm512_slli_epi16(high, 2));
  codes[2][q] = joined(_mm512_srli_epi16(first, 4), high);
  codes[3][q] = joined(_mm512_srli_epi16(second, 4), _mm512_srli_epi16(high, 2));
}

// Part `part` of every run of half `half` of block `b`, four groups of 16 weights, into the integer
// sums: all their codes first, which takes 16 registers, then group by group. Reads in the order of
// memory. Codes are 32 too large.
template <int T>
NETY_AVX512_INLINE void four_groups(const PackedProduct& p, const std::byte* w, int half, int part,
                                    int64_t t0, int64_t b, __m512i (&exact)[T]) {
  const SuperActivations& x = p.super;
  const std::byte* quads =
      w + PackedQ6K::kCodes + half * PackedQ6K::kHalf + 4 * part * PackedQ6K::kQuad;
  if (t0 == 0) fetch(quads, 4 * PackedQ6K::kQuad);
  __m512i codes[4][4];
  NETY_UNROLL
  for (int q = 0; q < 4; ++q) six_bits(quads + q * PackedQ6K::kQuad, q, codes);
  NETY_UNROLL
  for (int run = 0; run < 4; ++run) {
    const int group = 8 * half + 2 * run + part;
    const __m512i scale = _mm512_cvtepi8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + PackedQ6K::kScales + 16 * group)));
    NETY_UNROLL
    for (int t = 0; t < T; ++t) {
      const int64_t at = (t0 + t) * p.blocks + b;
      const int8_t* ours = x.codes + at * 256 + 16 * group;
      __m512i dot = _mm512_set1_epi32(-32 * x.group_sums[at * 16 + group]);
      NETY_UNROLL
      for (int q = 0; q < 4; ++q)
        dot = _mm512_dpbusd_epi32(dot, codes[run][q], quad_of(ours + 4 * q));
      exact[t] = _mm512_add_epi32(exact[t], _mm512_mullo_epi32(dot, scale));
    }
  }
}

struct SixTiles {
  template <int T>
  NETY_AVX512 static void tile(const PackedProduct& p, const std::byte* w, int64_t t0, float* y) {
    const SuperActivations& x = p.super;
    __m512 sum[T];
    NETY_UNROLL
    for (__m512& s : sum) s = _mm512_setzero_ps();
    for (int64_t b = 0; b < p.blocks; ++b, w += PackedQ6K::kBytes) {
      __m512i exact[T];
      NETY_UNROLL
      for (__m512i& s : exact) s = _mm512_setzero_si512();
      for (int half = 0; half < 2; ++half)
        for (int part = 0; part < 2; ++part) four_groups(p, w, half, part, t0, b, exact);
      const __m512 d = halves_at(w);
      NETY_UNROLL
      for (int t = 0; t < T; ++t) {
        const __m512 dx = _mm512_set1_ps(x.scales[(t0 + t) * p.blocks + b]);
        sum[t] = _mm512_fmadd_ps(_mm512_mul_ps(d, dx), _mm512_cvtepi32_ps(exact[t]), sum[t]);
      }
    }
    NETY_UNROLL
    for (int t = 0; t < T; ++t) _mm512_storeu_ps(y + (t0 + t) * p.y_stride, sum[t]);
  }
};

}  // namespace

NETY_AVX512 void packed_q6_k_avx512(const PackedProduct& p) {
  packed_panels<SixTiles>(p, p.blocks * PackedQ6K::kBytes);
}

}  // namespace nety::kernels
#endif
