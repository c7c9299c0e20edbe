// Products with packed rows of the 256-weight formats in AVX-512. Sums over a block stay in
// integers: a group's dot times its scale, then one fp32 step per block.
#if defined(__x86_64__)
#include "core/kernels/packed_avx512.h"

namespace nety::kernels {
namespace {

/// The dot of one group: `quads` quads of codes with activations x.
template <int quads>
NETY_AVX512 inline __m512i group_dot(const __m512i* codes, const int8_t* x, __m512i sum) {
  for (int q = 0; q < quads; ++q) sum = _mm512_dpbusd_epi32(sum, codes[q], quad_of(x + 4 * q));
  return sum;
}

// q4_k and q5_k: y += (d dx) S - (dmin dx) M.
template <const PackedK& format>
struct KTiles {
  template <int T>
  NETY_AVX512 static void tile(const PackedProduct& p, const std::byte* w, int64_t t0, float* y) {
    const SuperActivations& x = p.super;
    const __m512i low = _mm512_set1_epi8(15);
    __m512 sum[T];
    for (__m512& s : sum) s = _mm512_setzero_ps();
    for (int64_t b = 0; b < p.blocks; ++b, w += format.bytes()) {
      __m512i exact[T], least[T];
      for (int t = 0; t < T; ++t) exact[t] = least[t] = _mm512_setzero_si512();
      for (int chunk = 0; chunk < 4; ++chunk) {
        const std::byte* const in = w + format.chunk(chunk);
        const std::byte* at = in + format.codes();
        if (t0 == 0) fetch(in, format.chunk_bytes());
        for (int half = 0; half < 2; ++half) {
          const int group = 2 * chunk + half;
          __m512i codes[8];
          for (int q = 0; q < 8; ++q) {
            const __m512i both = vector_at(at + 64 * q);
            codes[q] = _mm512_and_si512(half == 0 ? both : _mm512_srli_epi16(both, 4), low);
            if constexpr (format.has_fifth)
              codes[q] = with_fifth(codes[q], in + PackedK::kFifth + (half * 8 + q) * 8);
          }
          const __m512i scale = _mm512_cvtepu8_epi32(
              _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + PackedK::kScales + 16 * half)));
          for (int t = 0; t < T; ++t) {
            const int8_t* codes_x = x.codes + ((t0 + t) * p.blocks + b) * 256 + 32 * group;
            const __m512i dot = group_dot<8>(codes, codes_x, _mm512_setzero_si512());
            exact[t] = _mm512_add_epi32(exact[t], _mm512_mullo_epi32(dot, scale));
          }
        }
        const __m512i mins = _mm512_cvtepu8_epi16(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + PackedK::kMins)));
        for (int t = 0; t < T; ++t) {
          const int16_t* sums = x.sums + ((t0 + t) * p.blocks + b) * 8 + 2 * chunk;
          least[t] =
              _mm512_dpwssd_epi32(least[t], mins, quad_of(reinterpret_cast<const int8_t*>(sums)));
        }
      }
      const __m512 d = halves_at(w), dmin = halves_at(w + PackedK::kMin);
      for (int t = 0; t < T; ++t) {
        const __m512 dx = _mm512_set1_ps(x.scales[(t0 + t) * p.blocks + b]);
        sum[t] = _mm512_fmadd_ps(_mm512_mul_ps(d, dx), _mm512_cvtepi32_ps(exact[t]), sum[t]);
        sum[t] = _mm512_fnmadd_ps(_mm512_mul_ps(dmin, dx), _mm512_cvtepi32_ps(least[t]), sum[t]);
      }
    }
    for (int t = 0; t < T; ++t) _mm512_storeu_ps(y + (t0 + t) * p.y_stride, sum[t]);
  }
};

}  // namespace

NETY_AVX512 void packed_q4_k_avx512(const PackedProduct& p) {
  packed_panels<KTiles<kPackedQ4K>>(p, p.blocks * kPackedQ4K.bytes());
}

NETY_AVX512 void packed_q5_k_avx512(const PackedProduct& p) {
  packed_panels<KTiles<kPackedQ5K>>(p, p.blocks * kPackedQ5K.bytes());
}

}  // namespace nety::kernels
#endif
