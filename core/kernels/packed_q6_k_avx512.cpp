// q6_k rows, packed, times activations in 8-bit codes per 256.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/packed_k_avx512.h"

namespace nety::kernels {
namespace {

// Codes of the run of 32 weights `run` of a half, by quads: nibbles and two high bits.
template <int run>
NETY_AVX512 inline void six_bits(const std::byte* low, const std::byte* high, __m512i (&codes)[8]) {
  const __m512i nibble = _mm512_set1_epi8(15), upper = _mm512_set1_epi8(0x30);
  for (int q = 0; q < 8; ++q) {
    const __m512i both = vector_at(low + 64 * (q + 8 * (run % 2)));
    const __m512i bits = vector_at(high + 64 * q);
    const __m512i lower = _mm512_and_si512(run < 2 ? both : _mm512_srli_epi16(both, 4), nibble);
    const __m512i moved = run == 0   ? _mm512_slli_epi16(bits, 4)
                          : run == 1 ? _mm512_slli_epi16(bits, 2)
                          : run == 2 ? bits
                                     : _mm512_srli_epi16(bits, 2);
    codes[q] = _mm512_ternarylogic_epi32(lower, moved, upper, 0xf8);  // lower | (moved & upper)
  }
}

// Two groups of 16 weights, run `run` of a half of block `b`, into the integer sums.
template <int run, int T>
NETY_AVX512 inline void run_of(const PackedProduct& p, const std::byte* w, int half, int64_t t0,
                               int64_t b, __m512i (&exact)[T]) {
  const SuperActivations& x = p.super;
  __m512i codes[8];
  six_bits<run>(w + PackedQ6K::kLow + half * 1024, w + PackedQ6K::kHigh + half * 512, codes);
  for (int i = 0; i < 2; ++i) {
    const int group = 8 * half + 2 * run + i;
    const __m512i scale = _mm512_cvtepi8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + PackedQ6K::kScales + 16 * group)));
    for (int t = 0; t < T; ++t) {
      const int64_t at = (t0 + t) * p.blocks + b;
      const __m512i off = _mm512_set1_epi32(-32 * x.group_sums[at * 16 + group]);  // codes + 32
      const __m512i dot = group_dot<4>(codes + 4 * i, x.codes + at * 256 + 16 * group, off);
      exact[t] = _mm512_add_epi32(exact[t], _mm512_mullo_epi32(dot, scale));
    }
  }
}

struct SixTiles {
  template <int T>
  NETY_AVX512 static void tile(const PackedProduct& p, const std::byte* w, int64_t t0, float* y) {
    const SuperActivations& x = p.super;
    __m512 sum[T];
    for (__m512& s : sum) s = _mm512_setzero_ps();
    for (int64_t b = 0; b < p.blocks; ++b, w += PackedQ6K::kBytes) {
      if (T == 1) fetch(w, PackedQ6K::kBytes);
      __m512i exact[T];
      for (__m512i& s : exact) s = _mm512_setzero_si512();
      for (int half = 0; half < 2; ++half) {
        run_of<0>(p, w, half, t0, b, exact);
        run_of<1>(p, w, half, t0, b, exact);
        run_of<2>(p, w, half, t0, b, exact);
        run_of<3>(p, w, half, t0, b, exact);
      }
      const __m512 d = halves_at(w);
      for (int t = 0; t < T; ++t) {
        const __m512 dx = _mm512_set1_ps(x.scales[(t0 + t) * p.blocks + b]);
        sum[t] = _mm512_fmadd_ps(_mm512_mul_ps(d, dx), _mm512_cvtepi32_ps(exact[t]), sum[t]);
      }
    }
    for (int t = 0; t < T; ++t) _mm512_storeu_ps(y + (t0 + t) * p.y_stride, sum[t]);
  }
};

}  // namespace

NETY_AVX512 void packed_q6_k_avx512(const PackedProduct& p) {
  packed_panels<SixTiles>(p, p.blocks * PackedQ6K::kBytes);
}

}  // namespace nety::kernels
#endif
