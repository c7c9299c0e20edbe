// q6_k rows, packed, times activations in 8-bit codes per 256.
#if defined(__x86_64__)
#include "core/kernels/packed_avx2.h"

namespace nety::kernels {
namespace {

// Quad q of the run of 32 weights `run` of a half block: nibbles and two high bits.
template <int run>
NETY_AVX2 inline __m256i six_bits(const std::byte* codes, int q) {
  const __m256i both = vector_at(codes + PackedQ6K::kQuad * q + 64 * (run % 2));
  const __m256i bits = vector_at(codes + PackedQ6K::kQuad * q + 128);
  const __m256i nibble =
      _mm256_and_si256(run < 2 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
  const __m256i moved = run == 0   ? _mm256_slli_epi16(bits, 4)
                        : run == 1 ? _mm256_slli_epi16(bits, 2)
                        : run == 2 ? bits
                                   : _mm256_srli_epi16(bits, 2);
  return _mm256_or_si256(nibble, _mm256_and_si256(moved, _mm256_set1_epi8(0x30)));
}

// Two groups of 16 weights of eight rows, times their scales. Codes are 32 too large.
template <int run>
NETY_AVX2 inline __m256i run_of(const PackedProduct& p, const std::byte* w, int part, int half,
                                int64_t at, __m256i exact) {
  const std::byte* codes = w + PackedQ6K::kCodes + part * PackedQ6K::kHalf + 32 * half;
  for (int i = 0; i < 2; ++i) {
    const int group = 8 * part + 2 * run + i;
    const int8_t* x = p.super.codes + at * 256 + 16 * group;
    __m256i dot = _mm256_set1_epi32(-32 * p.super.group_sums[at * 16 + group]);
    for (int q = 0; q < 4; q += 2) {
      const __m256i a = _mm256_maddubs_epi16(six_bits<run>(codes, 4 * i + q), quad_of(x + 4 * q));
      const __m256i b =
          _mm256_maddubs_epi16(six_bits<run>(codes, 4 * i + q + 1), quad_of(x + 4 * q + 4));
      dot = _mm256_add_epi32(dot, widen(_mm256_add_epi16(a, b)));
    }
    const __m256i scale = _mm256_cvtepi8_epi32(_mm_loadl_epi64(
        reinterpret_cast<const __m128i*>(w + PackedQ6K::kScales + 16 * group + 8 * half)));
    exact = _mm256_add_epi32(exact, _mm256_mullo_epi32(dot, scale));
  }
  return exact;
}

NETY_AVX2 inline void six_half(const PackedProduct& p, const std::byte* w, int half, int64_t t,
                               float* y) {
  __m256 sum = _mm256_setzero_ps();
  for (int64_t b = 0; b < p.blocks; ++b, w += PackedQ6K::kBytes) {
    const int64_t at = t * p.blocks + b;
    if (t == 0 && half == 0) fetch(w, PackedQ6K::kBytes);
    __m256i exact = _mm256_setzero_si256();
    for (int part = 0; part < 2; ++part) {
      exact = run_of<0>(p, w, part, half, at, exact);
      exact = run_of<1>(p, w, part, half, at, exact);
      exact = run_of<2>(p, w, part, half, at, exact);
      exact = run_of<3>(p, w, part, half, at, exact);
    }
    sum =
        _mm256_fmadd_ps(_mm256_mul_ps(halves_at(w + 16 * half), _mm256_set1_ps(p.super.scales[at])),
                        _mm256_cvtepi32_ps(exact), sum);
  }
  _mm256_storeu_ps(y + t * p.y_stride + 8 * half, sum);
}

}  // namespace

NETY_AVX2 void packed_q6_k_avx2(const PackedProduct& p) {
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    const std::byte* w = p.w + panel * p.blocks * PackedQ6K::kBytes;
    for (int64_t t = 0; t < p.tokens; ++t)
      for (int half = 0; half < 2; ++half) six_half(p, w, half, t, p.y + panel * kPackRows);
  }
}

}  // namespace nety::kernels
#endif
