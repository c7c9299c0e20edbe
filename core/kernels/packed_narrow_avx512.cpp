// Products with packed rows of q2_k and q3_k in AVX-512: sums over a block stay in integers, a
// group's dot times its scale; y += (d dx) S - (dmin dx) M.
#if defined(__x86_64__)
#include "core/kernels/packed_avx512.h"

namespace nety::kernels {
namespace {

template <const PackedNarrow& format>
struct NarrowTiles {
  // Both groups of a chunk, which is at w, into S and M. Codes are `offset` too large.
  template <int T>
  NETY_AVX512_INLINE static void chunk(const PackedProduct& p, const std::byte* w, int chunk,
                                       int64_t t0, int64_t b, __m512i (&exact)[T],
                                       __m512i (&least)[T]) {
    const SuperActivations& x = p.super;
    if (t0 == 0) fetch(w, format.chunk_bytes());
    const __m512i low = _mm512_set1_epi8(15);
    __m512i both[4];
    NETY_UNROLL
    for (int q = 0; q < 4; ++q) both[q] = vector_at(w + format.codes() + 64 * q);
    NETY_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int group = chunk + 8 * half;
      const __m512i scale = _mm512_cvtepi8_epi32(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + PackedNarrow::kScales + 16 * half)));
      __m512i codes[4];
      NETY_UNROLL
      for (int q = 0; q < 4; ++q)
        codes[q] = _mm512_and_si512(half == 0 ? both[q] : _mm512_srli_epi16(both[q], 4), low);
      NETY_UNROLL
      for (int t = 0; t < T; ++t) {
        const int64_t at = (t0 + t) * p.blocks + b;
        const int32_t sum = x.group_sums[at * 16 + group];
        __m512i dot = _mm512_set1_epi32(-format.offset * sum);
        NETY_UNROLL
        for (int q = 0; q < 4; ++q)
          dot =
              _mm512_dpbusd_epi32(dot, codes[q], quad_of(x.codes + at * 256 + 16 * group + 4 * q));
        exact[t] = _mm512_add_epi32(exact[t], _mm512_mullo_epi32(dot, scale));
      }
    }
    if constexpr (format.has_min) {
      const __m512i mins = _mm512_cvtepu8_epi16(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + PackedNarrow::kMins)));
      NETY_UNROLL
      for (int t = 0; t < T; ++t) {
        const int32_t* sums = x.group_sums + ((t0 + t) * p.blocks + b) * 16 + chunk;
        least[t] =
            _mm512_dpwssd_epi32(least[t], mins, _mm512_set1_epi32(pair_of(sums[0], sums[8])));
      }
    }
  }

  template <int T>
  NETY_AVX512 static void tile(const PackedProduct& p, const std::byte* w, int64_t t0, float* y) {
    __m512 sum[T];
    NETY_UNROLL
    for (__m512& s : sum) s = _mm512_setzero_ps();
    for (int64_t b = 0; b < p.blocks; ++b, w += format.bytes()) {
      __m512i exact[T], least[T];
      NETY_UNROLL
      for (int t = 0; t < T; ++t) exact[t] = least[t] = _mm512_setzero_si512();
      for (int c = 0; c < 8; ++c) chunk<T>(p, w + format.chunk(c), c, t0, b, exact, least);
      NETY_UNROLL
      for (int t = 0; t < T; ++t) {
        const __m512 dx = _mm512_set1_ps(p.super.scales[(t0 + t) * p.blocks + b]);
        sum[t] =
            _mm512_fmadd_ps(_mm512_mul_ps(halves_at(w), dx), _mm512_cvtepi32_ps(exact[t]), sum[t]);
        if constexpr (format.has_min)
          sum[t] = _mm512_fnmadd_ps(_mm512_mul_ps(halves_at(w + PackedNarrow::kMin), dx),
                                    _mm512_cvtepi32_ps(least[t]), sum[t]);
      }
    }
    NETY_UNROLL
    for (int t = 0; t < T; ++t) _mm512_storeu_ps(y + (t0 + t) * p.y_stride, sum[t]);
  }
};

}  // namespace

NETY_AVX512 void packed_q2_k_avx512(const PackedProduct& p) {
  packed_panels<NarrowTiles<kPackedQ2K>>(p, p.blocks * kPackedQ2K.bytes());
}

NETY_AVX512 void packed_q3_k_avx512(const PackedProduct& p) {
  packed_panels<NarrowTiles<kPackedQ3K>>(p, p.blocks * kPackedQ3K.bytes());
}

}  // namespace nety::kernels
#endif
