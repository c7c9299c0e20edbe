// Products with packed rows in AVX-512: lane = row, activations as broadcasts. VPDPBUSD takes
// unsigned weights; what was added to make them so comes off in integers, so sums stay exact. The
// fp32 sum goes block by block whatever the number of tokens. Weights are read in the order of
// memory, where the hardware's prefetchers do better without help (docs/performance.md).
#pragma once

#include <cstring>

#include "core/kernels/fetch.h"
#include "core/kernels/packed.h"
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline __m512i quad_of(const int8_t* x) {
  int32_t four;
  std::memcpy(&four, x, sizeof(four));
  return _mm512_set1_epi32(four);
}

NETY_AVX512 inline __m512 halves_at(const std::byte* w) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
}

NETY_AVX512 inline __m512i vector_at(const std::byte* w) { return _mm512_loadu_si512(w); }

// The fifth bits of one quad of each row: sixteen added where they are set.
NETY_AVX512 inline __m512i with_fifth(__m512i codes, const std::byte* bits) {
  uint64_t mask;
  std::memcpy(&mask, bits, sizeof(mask));
  return _mm512_mask_add_epi8(codes, mask, codes, _mm512_set1_epi8(16));
}

// The values of nibbles, for VPSHUFB.
NETY_AVX512 inline __m512i values_of(const NibbleValues& values) {
  return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values.data())));
}

// The scales of a 32-weight format.
template <const PackedSmall& format>
NETY_AVX512 inline __m512 scales_at(const std::byte* w) {
  if constexpr (format.bf16)
    return widened_bf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
  return halves_at(w);
}

// A 32-weight format: its unsigned codes by quads, and what was added to them.
template <const PackedSmall& format, int32_t offset>
struct SmallCodes {
  NETY_AVX512 static inline void load(const std::byte* w, __m512i (&codes)[8]) {
    const std::byte* at = w + format.codes();
    if constexpr (format.wide) {
      for (int q = 0; q < 8; ++q) codes[q] = vector_at(at + 64 * q);
      return;
    }
    const __m512i low = _mm512_set1_epi8(15);
    for (int q = 0; q < 4; ++q) {
      const __m512i both = vector_at(at + 64 * q);
      codes[q] = _mm512_and_si512(both, low);
      codes[q + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), low);
    }
    if constexpr (format.has_values()) {
      const __m512i values = values_of(format.values);
      for (int q = 0; q < 8; ++q) codes[q] = _mm512_shuffle_epi8(values, codes[q]);
    }
    if constexpr (format.has_fifth)
      for (int q = 0; q < 8; ++q) codes[q] = with_fifth(codes[q], w + format.fifth() + 8 * q);
  }
  static constexpr int32_t kOffset = offset;
  static constexpr const PackedSmall& kFormat = format;
};

template <class Codes, int T>
NETY_AVX512 inline void packed_tile(const PackedProduct& p, const std::byte* w, int64_t t0,
                                    float* y) {
  constexpr const PackedSmall& format = Codes::kFormat;
  const BlockActivations& x = p.small;
  __m512 sum[T];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  for (int64_t b = 0; b < p.blocks; ++b, w += format.bytes()) {
    if (t0 == 0) fetch(w, format.bytes());
    __m512i codes[8];
    Codes::load(w, codes);
    const __m512 scale = scales_at<format>(w);
    for (int t = 0; t < T; ++t) {
      const int64_t at = (t0 + t) * x.blocks + b;
      const int8_t* high = x.high + at * 32;
      const int8_t* low = x.low + at * 32;
      __m512i tops = _mm512_setzero_si512();
      __m512i small = _mm512_set1_epi32(-Codes::kOffset * x.code_sums[at]);
      for (int q = 0; q < 8; ++q) {
        tops = _mm512_dpbusd_epi32(tops, codes[q], quad_of(high + 4 * q));
        small = _mm512_dpbusd_epi32(small, codes[q], quad_of(low + 4 * q));
      }
      static_assert(kCodeBase == 254);
      const __m512i both = _mm512_add_epi32(
          small, _mm512_sub_epi32(_mm512_slli_epi32(tops, 8), _mm512_slli_epi32(tops, 1)));
      sum[t] = _mm512_fmadd_ps(_mm512_mul_ps(scale, _mm512_set1_ps(x.scales[at])),
                               _mm512_cvtepi32_ps(both), sum[t]);
      if constexpr (format.has_min)
        sum[t] = _mm512_fmadd_ps(halves_at(w + format.min()), _mm512_set1_ps(x.sums[at]), sum[t]);
    }
  }
  for (int t = 0; t < T; ++t) _mm512_storeu_ps(y + (t0 + t) * p.y_stride, sum[t]);
}

// All panels and tokens of a product, `tile` at a time.
template <class Tiles>
NETY_AVX512 inline void packed_panels(const PackedProduct& p, int64_t panel_bytes) {
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    const std::byte* w = p.w + panel * panel_bytes;
    float* y = p.y + panel * kPackRows;
    int64_t t = 0;
    for (; t + 6 <= p.tokens; t += 6) Tiles::template tile<6>(p, w, t, y);
    for (; t + 2 <= p.tokens; t += 2) Tiles::template tile<2>(p, w, t, y);
    for (; t < p.tokens; ++t) Tiles::template tile<1>(p, w, t, y);
  }
}

template <class Codes>
struct SmallTiles {
  template <int T>
  NETY_AVX512 static void tile(const PackedProduct& p, const std::byte* w, int64_t t, float* y) {
    packed_tile<Codes, T>(p, w, t, y);
  }
};

template <class Codes>
NETY_AVX512 inline void packed_small(const PackedProduct& p) {
  packed_panels<SmallTiles<Codes>>(p, p.blocks * Codes::kFormat.bytes());
}

}  // namespace
}  // namespace nety::kernels
