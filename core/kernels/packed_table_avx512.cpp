// Products with packed rows of iq4_xs, iq3_s and iq3_xxs in AVX-512: nibbles become values by
// VPSHUFB; a group's dot times its scale stays in integers over a block. y += (d dx) S.
#if defined(__x86_64__)
#include "core/kernels/packed_avx512.h"

namespace nety::kernels {
namespace {

template <const PackedTable& format>
struct TableTiles {
  static constexpr NibbleValues kValues = unsigned_values(format.values, format.offset);

  // Both groups of a chunk, which is at w, into S. Codes are `offset` too large.
  template <int T>
  NETY_AVX512_INLINE static void chunk(const PackedProduct& p, const std::byte* w, int chunk,
                                       int64_t t0, int64_t b, __m512i (&exact)[T]) {
    const SuperActivations& x = p.super;
    if (t0 == 0) fetch(w, PackedTable::kChunk);
    const __m512i low = _mm512_set1_epi8(15), values = values_of(kValues);
    NETY_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int group = 2 * chunk + half;
      const __m512i scale = _mm512_cvtepi8_epi32(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + PackedTable::kScales + 16 * half)));
      __m512i codes[8];
      NETY_UNROLL
      for (int q = 0; q < 8; ++q) {
        const __m512i both = vector_at(w + PackedTable::kCodes + 64 * q);
        const __m512i nibbles =
            _mm512_and_si512(half == 0 ? both : _mm512_srli_epi16(both, 4), low);
        codes[q] = _mm512_shuffle_epi8(values, nibbles);
      }
      NETY_UNROLL
      for (int t = 0; t < T; ++t) {
        const int64_t at = (t0 + t) * p.blocks + b;
        const int8_t* ours = x.codes + at * 256 + 32 * group;
        __m512i dot = _mm512_set1_epi32(-format.offset * x.sums[at * 8 + group]);
        NETY_UNROLL
        for (int q = 0; q < 8; ++q) dot = _mm512_dpbusd_epi32(dot, codes[q], quad_of(ours + 4 * q));
        exact[t] = _mm512_add_epi32(exact[t], _mm512_mullo_epi32(dot, scale));
      }
    }
  }

  template <int T>
  NETY_AVX512 static void tile(const PackedProduct& p, const std::byte* w, int64_t t0, float* y) {
    __m512 sum[T];
    NETY_UNROLL
    for (__m512& s : sum) s = _mm512_setzero_ps();
    for (int64_t b = 0; b < p.blocks; ++b, w += PackedTable::bytes()) {
      __m512i exact[T];
      NETY_UNROLL
      for (__m512i& s : exact) s = _mm512_setzero_si512();
      for (int c = 0; c < 4; ++c) chunk<T>(p, w + PackedTable::chunk(c), c, t0, b, exact);
      const __m512 d = _mm512_mul_ps(halves_at(w), _mm512_set1_ps(format.factor));
      NETY_UNROLL
      for (int t = 0; t < T; ++t) {
        const __m512 dx = _mm512_set1_ps(p.super.scales[(t0 + t) * p.blocks + b]);
        sum[t] = _mm512_fmadd_ps(_mm512_mul_ps(d, dx), _mm512_cvtepi32_ps(exact[t]), sum[t]);
      }
    }
    NETY_UNROLL
    for (int t = 0; t < T; ++t) _mm512_storeu_ps(y + (t0 + t) * p.y_stride, sum[t]);
  }
};

template <const PackedTable& format>
NETY_AVX512 inline void packed_table(const PackedProduct& p) {
  packed_panels<TableTiles<format>>(p, p.blocks * PackedTable::bytes());
}

}  // namespace

NETY_AVX512 void packed_iq4_xs_avx512(const PackedProduct& p) { packed_table<kPackedIq4Xs>(p); }

NETY_AVX512 void packed_iq3_s_avx512(const PackedProduct& p) { packed_table<kPackedIq3S>(p); }

NETY_AVX512 void packed_iq3_xxs_avx512(const PackedProduct& p) { packed_table<kPackedIq3Xxs>(p); }

}  // namespace nety::kernels
#endif
