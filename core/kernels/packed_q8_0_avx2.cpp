// q8_0 rows, packed, times activations in 16-bit codes. Pairs of 8-bit products do not fit into
// VPMADDUBSW's 16 bits, so codes are widened and multiplied with whole activation codes: a row's
// four weights of a quad become two sums of 32 bits. All exact.
#if defined(__x86_64__)
#include "core/kernels/packed_avx2.h"

namespace nety::kernels {
namespace {

constexpr int32_t kOffset = 128;  // added to make the codes unsigned

// The codes of a block: kCodeBase * high + low.
NETY_AVX2 inline void join_codes(const int8_t* high, const int8_t* low, int16_t (&codes)[32]) {
  for (int i = 0; i < 32; i += 16) {
    const auto at = [i](const int8_t* x) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    };
    const __m256i both =
        _mm256_add_epi16(_mm256_mullo_epi16(_mm256_cvtepi8_epi16(at(high)),
                                            _mm256_set1_epi16(static_cast<int16_t>(kCodeBase))),
                         _mm256_cvtepi8_epi16(at(low)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes + i), both);
  }
}

NETY_AVX2 inline __m256i quad_of(const int16_t* x) {
  int64_t four;
  std::memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi64x(four);
}

NETY_AVX2 inline __m256i four_rows_at(const std::byte* w) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}

// Exact dots of eight rows' block with T tokens' codes.
template <int T>
NETY_AVX2 inline void dots_of(const std::byte* w, const int16_t (&x)[T][32], __m256i (&dots)[T]) {
  __m256i first[T], second[T];  // rows 0-3 and 4-7, two sums each
  for (int t = 0; t < T; ++t) first[t] = second[t] = _mm256_setzero_si256();
  for (int q = 0; q < 8; ++q) {
    const __m256i a = four_rows_at(w + 64 * q), b = four_rows_at(w + 64 * q + 16);
    for (int t = 0; t < T; ++t) {
      const __m256i quad = quad_of(x[t] + 4 * q);
      first[t] = _mm256_add_epi32(first[t], _mm256_madd_epi16(a, quad));
      second[t] = _mm256_add_epi32(second[t], _mm256_madd_epi16(b, quad));
    }
  }
  for (int t = 0; t < T; ++t)
    dots[t] = _mm256_permute4x64_epi64(_mm256_hadd_epi32(first[t], second[t]), 0xd8);
}

template <int T>
NETY_AVX2 inline void tile(const PackedProduct& p, const std::byte* w, int64_t t0, float* y) {
  const BlockActivations& x = p.small;
  __m256 sum[T][2];
  for (auto& halves : sum) halves[0] = halves[1] = _mm256_setzero_ps();
  for (int64_t b = 0; b < p.blocks; ++b, w += kPackedQ8_0.bytes()) {
    int16_t codes[T][32];
    for (int t = 0; t < T; ++t) {
      const int64_t at = ((t0 + t) * x.blocks + b) * 32;
      join_codes(x.high + at, x.low + at, codes[t]);
    }
    for (int half = 0; half < 2; ++half) {
      __m256i dots[T];
      dots_of<T>(w + kPackedQ8_0.codes() + 32 * half, codes, dots);
      const __m256 scale = halves_at(w + 16 * half);
      for (int t = 0; t < T; ++t) {
        const int64_t at = (t0 + t) * x.blocks + b;
        const __m256i dot = _mm256_sub_epi32(dots[t], _mm256_set1_epi32(kOffset * x.code_sums[at]));
        sum[t][half] = _mm256_fmadd_ps(_mm256_mul_ps(scale, _mm256_set1_ps(x.scales[at])),
                                       _mm256_cvtepi32_ps(dot), sum[t][half]);
      }
    }
  }
  for (int t = 0; t < T; ++t)
    for (int half = 0; half < 2; ++half)
      _mm256_storeu_ps(y + (t0 + t) * p.y_stride + 8 * half, sum[t][half]);
}

}  // namespace

NETY_AVX2 void packed_q8_0_avx2(const PackedProduct& p) {
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    const std::byte* w = p.w + panel * p.blocks * kPackedQ8_0.bytes();
    float* y = p.y + panel * kPackRows;
    int64_t t = 0;
    for (; t + 3 <= p.tokens; t += 3) tile<3>(p, w, t, y);
    for (; t < p.tokens; ++t) tile<1>(p, w, t, y);
  }
}

}  // namespace nety::kernels
#endif
