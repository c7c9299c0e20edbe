// Products with packed rows in AVX2: eight rows per register, so two halves per panel. VPMADDUBSW
// sums pairs in 16 bits, which hold a whole block of 4-bit codes, half a block of 5-bit ones and
// two quads of 6-bit ones; then sums go on in 32 bits. All exact.
#pragma once

#include <cstring>

#include "core/kernels/packed.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

constexpr int64_t kPackedAhead = 4096;  // bytes to fetch ahead of the stream of weights

NETY_AVX2 inline __m256i quad_of(const int8_t* x) {
  int32_t four;
  std::memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi32(four);
}

NETY_AVX2 inline __m256 halves_at(const std::byte* w) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}

NETY_AVX2 inline __m256i vector_at(const std::byte* w) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
}

NETY_AVX2 inline void fetch(const std::byte* w, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64)
    _mm_prefetch(reinterpret_cast<const char*>(w) + kPackedAhead + i, _MM_HINT_T0);
}

// Sixteen added to the codes whose bit of the low 32 of `bits` is set.
NETY_AVX2 inline __m256i with_fifth(__m256i codes, const std::byte* bits) {
  int32_t mask;
  std::memcpy(&mask, bits, sizeof(mask));
  const __m256i spread = _mm256_shuffle_epi8(
      _mm256_set1_epi32(mask), _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2,
                                                2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3));
  const __m256i bit = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201ULL));
  const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
  return _mm256_or_si256(codes, _mm256_and_si256(set, _mm256_set1_epi8(16)));
}

NETY_AVX2 inline __m256i widen(__m256i pairs) {
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

// The values of nibbles, for VPSHUFB.
NETY_AVX2 inline __m256i values_of(const NibbleValues& values) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(values.data())));
}

// Eight scales of a 32-weight format.
template <const PackedSmall& format>
NETY_AVX2 inline __m256 scales_at(const std::byte* w) {
  if constexpr (format.bf16)
    return widened_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
  return halves_at(w);
}

// The dot of eight quads, times `factor`: 16-bit sums of `run` quads at a time.
template <int run, int16_t factor = 1>
NETY_AVX2 inline __m256i dot_of(const __m256i (&codes)[8], const int8_t* x) {
  __m256i sum = _mm256_setzero_si256();
  for (int q = 0; q < 8; q += run) {
    __m256i pairs = _mm256_maddubs_epi16(codes[q], quad_of(x + 4 * q));
    for (int i = 1; i < run; ++i)
      pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(codes[q + i], quad_of(x + 4 * (q + i))));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(factor)));
  }
  return sum;
}

}  // namespace
}  // namespace nety::kernels
