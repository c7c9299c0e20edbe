// q8_0 rows, packed, times activations in 16-bit codes. Pairs of 8-bit products do not fit into
// VPMADDUBSW's 16 bits, so one token's codes are widened and multiplied with whole activation codes
// as well: a row's four weights of a quad become two sums of 32 bits. All exact.
#if defined(__x86_64__)
#include "core/kernels/packed_small_avx2.h"

namespace nety::kernels {
namespace {

struct ByteCodes {
  NETY_AVX2_INLINE static void load(const std::byte* w, int half, __m256i (&codes)[8]) {
    for (int q = 0; q < 8; ++q) codes[q] = vector_at(w + kFormat.codes() + 64 * q + 32 * half);
  }
  static constexpr int32_t kOffset = 128;
  static constexpr const PackedSmall& kFormat = kPackedQ8_0;
};

NETY_AVX2_INLINE __m256i four_codes(const int16_t* x) {
  int64_t four;
  std::memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi64x(four);
}

NETY_AVX2_INLINE __m256i four_rows_at(const std::byte* w) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}

// Exact dots of eight rows' block.
NETY_AVX2_INLINE __m256i dots_of(const std::byte* w, const int16_t (&x)[32]) {
  __m256i first = _mm256_setzero_si256(), second = first;  // rows 0-3 and 4-7, two sums each
  NETY_UNROLL
  for (int q = 0; q < 8; ++q) {
    const __m256i quad = four_codes(x + 4 * q);
    first = _mm256_add_epi32(first, _mm256_madd_epi16(four_rows_at(w + 64 * q), quad));
    second = _mm256_add_epi32(second, _mm256_madd_epi16(four_rows_at(w + 64 * q + 16), quad));
  }
  return _mm256_permute4x64_epi64(_mm256_hadd_epi32(first, second), 0xd8);
}

NETY_AVX2 void byte_row(const PackedProduct& p, const std::byte* w, float* y) {
  const BlockActivations& x = p.small;
  __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int64_t b = 0; b < p.blocks; ++b, w += kPackedQ8_0.bytes()) {
    fetch(w, kPackedQ8_0.bytes());
    alignas(32) int16_t codes[32];
    join_codes(x.high + 32 * b, x.low + 32 * b, codes);
    const __m256i off = _mm256_set1_epi32(ByteCodes::kOffset * x.code_sums[b]);
    NETY_UNROLL
    for (int half = 0; half < 2; ++half) {
      const __m256i dot =
          _mm256_sub_epi32(dots_of(w + kPackedQ8_0.codes() + 32 * half, codes), off);
      const __m256 scale = _mm256_mul_ps(halves_at(w + 16 * half), _mm256_set1_ps(x.scales[b]));
      sum[half] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(dot), sum[half]);
    }
  }
  _mm256_storeu_ps(y, sum[0]);
  _mm256_storeu_ps(y + 8, sum[1]);
}

}  // namespace

NETY_AVX2 void packed_q8_0_avx2(const PackedProduct& p) {
  if (p.tokens > 1) return small_tiles<ByteCodes>(p);
  for (int64_t panel = 0; panel < p.panels; ++panel)
    byte_row(p, p.w + panel * p.blocks * kPackedQ8_0.bytes(), p.y + panel * kPackRows);
}

}  // namespace nety::kernels
#endif
