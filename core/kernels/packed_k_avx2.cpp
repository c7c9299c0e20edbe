// Products with packed rows of the 256-weight formats in AVX2. Sums over a block stay in integers:
// a group's dot times its scale, then one fp32 step per block.
#if defined(__x86_64__)
#include "core/kernels/packed_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline __m256i bytes_to_ints(const std::byte* w) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(w)));
}

// Rows 8 half to 8 half + 7 of q4_k and q5_k: y += (d dx) S - (dmin dx) M.
template <const PackedK& format>
NETY_AVX2 inline void k_half(const PackedProduct& p, const std::byte* w, int half, int64_t t,
                             float* y) {
  constexpr int kRun = format.has_fifth ? 4 : 8;
  const SuperActivations& x = p.super;
  const __m256i low = _mm256_set1_epi8(15);
  __m256 sum = _mm256_setzero_ps();
  for (int64_t b = 0; b < p.blocks; ++b, w += format.bytes()) {
    const int64_t at = t * p.blocks + b;
    __m256i exact = _mm256_setzero_si256(), least = exact;
    for (int chunk = 0; chunk < 4; ++chunk) {
      const std::byte* const in = w + format.chunk(chunk);
      const std::byte* nibbles = in + format.codes() + 32 * half;
      if (t == 0 && half == 0) fetch(in, format.chunk_bytes());
      for (int part = 0; part < 2; ++part) {
        const int group = 2 * chunk + part;
        __m256i codes[8];
        for (int q = 0; q < 8; ++q) {
          const __m256i both = vector_at(nibbles + 64 * q);
          codes[q] = _mm256_and_si256(part == 0 ? both : _mm256_srli_epi16(both, 4), low);
          if constexpr (format.has_fifth)
            codes[q] = with_fifth(codes[q], in + PackedK::kFifth + (part * 8 + q) * 8 + 4 * half);
        }
        const __m256i dot = dot_of<kRun>(codes, x.codes + at * 256 + 32 * group);
        const __m256i scale = bytes_to_ints(in + PackedK::kScales + 16 * part + 8 * half);
        exact = _mm256_add_epi32(exact, _mm256_mullo_epi32(dot, scale));
      }
      const __m256i mins = _mm256_cvtepu8_epi16(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + PackedK::kMins + 16 * half)));
      const auto* sums = reinterpret_cast<const int8_t*>(x.sums + at * 8 + 2 * chunk);
      least = _mm256_add_epi32(least, _mm256_madd_epi16(mins, quad_of(sums)));
    }
    const __m256 dx = _mm256_set1_ps(x.scales[at]);
    sum = _mm256_fmadd_ps(_mm256_mul_ps(halves_at(w + 16 * half), dx), _mm256_cvtepi32_ps(exact),
                          sum);
    sum = _mm256_fnmadd_ps(_mm256_mul_ps(halves_at(w + PackedK::kMin + 16 * half), dx),
                           _mm256_cvtepi32_ps(least), sum);
  }
  _mm256_storeu_ps(y + t * p.y_stride + 8 * half, sum);
}

template <const PackedK& format>
NETY_AVX2 inline void packed_k(const PackedProduct& p) {
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    const std::byte* w = p.w + panel * p.blocks * format.bytes();
    for (int64_t t = 0; t < p.tokens; ++t)
      for (int half = 0; half < 2; ++half) k_half<format>(p, w, half, t, p.y + panel * kPackRows);
  }
}

}  // namespace

NETY_AVX2 void packed_q4_k_avx2(const PackedProduct& p) { packed_k<kPackedQ4K>(p); }

NETY_AVX2 void packed_q5_k_avx2(const PackedProduct& p) { packed_k<kPackedQ5K>(p); }

}  // namespace nety::kernels
#endif
