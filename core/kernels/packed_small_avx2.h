// Products with packed rows of the 32-weight formats in AVX2, activations in 16-bit codes. One
// token: 4 and 5-bit codes times both bytes of the activations' codes, in 16-bit sums. More: codes
// are unpacked to 16 bits a chunk of blocks at a time, once for all tokens, and multiplied with
// whole activation codes by VPMADDWD: 16 of these and as many additions for a block of eight rows.
// The sums wait in y between chunks.
#pragma once

#include "core/kernels/packed_avx2.h"

namespace nety::kernels {
namespace {

constexpr int64_t kChunkBlocks = 8;  // 8 KiB of 16-bit codes
constexpr int64_t kMostPanels = 2;   // that share a chunk of activations
constexpr int kTokens = 4;           // of a tile

// A 32-weight format of 4 or 5 bits: its unsigned codes by quads, and what was added to them.
template <const PackedSmall& format, int32_t offset>
struct SmallCodes {
  NETY_AVX2_INLINE static void load(const std::byte* w, int half, __m256i (&codes)[8]) {
    const __m256i low = _mm256_set1_epi8(15);
    for (int q = 0; q < 4; ++q) {
      const __m256i both = vector_at(w + format.codes() + 64 * q + 32 * half);
      codes[q] = _mm256_and_si256(both, low);
      codes[q + 4] = _mm256_and_si256(_mm256_srli_epi16(both, 4), low);
    }
    if constexpr (format.has_values()) {
      const __m256i values = values_of(format.values);
      for (int q = 0; q < 8; ++q) codes[q] = _mm256_shuffle_epi8(values, codes[q]);
    }
    if constexpr (format.has_fifth)
      for (int q = 0; q < 8; ++q)
        codes[q] = with_fifth(codes[q], w + format.fifth() + 8 * q + 4 * half);
  }
  static constexpr int32_t kOffset = offset;
  static constexpr const PackedSmall& kFormat = format;
};

// Signed bytes of activations to their codes, in order: kCodeBase * high + low.
NETY_AVX2_INLINE void join_codes(const int8_t* high, const int8_t* low, int16_t* codes) {
  const __m256i base = _mm256_set1_epi16(static_cast<int16_t>(kCodeBase | 1 << 8));
  const __m256i h = vector_at(reinterpret_cast<const std::byte*>(high));
  const __m256i l = vector_at(reinterpret_cast<const std::byte*>(low));
  const __m256i a = _mm256_maddubs_epi16(base, _mm256_unpacklo_epi8(h, l));  // 0-7 and 16-23
  const __m256i b = _mm256_maddubs_epi16(base, _mm256_unpackhi_epi8(h, l));
  auto* const out = reinterpret_cast<__m128i*>(codes);
  _mm_storeu_si128(out, _mm256_castsi256_si128(a));
  _mm_storeu_si128(out + 1, _mm256_castsi256_si128(b));
  _mm_storeu_si128(out + 2, _mm256_extracti128_si256(a, 1));
  _mm_storeu_si128(out + 3, _mm256_extracti128_si256(b, 1));
}

/// Some blocks of a few panels, unpacked.
struct SmallChunk {
  struct Panel {
    alignas(32) int16_t codes[kChunkBlocks][16][2][16];  // [block][pair of weights][half][row][2]
    alignas(32) float scales[kChunkBlocks][2][8], mins[kChunkBlocks][2][8];
  };
  Panel panels[kMostPanels];
  alignas(32) int16_t x[kTokens][kChunkBlocks * 32];
  int32_t offsets[kTokens][kChunkBlocks];  // what added offsets of codes make too much
};

template <class Codes>
NETY_AVX2 void unpack_panel(const std::byte* w, int64_t blocks, SmallChunk::Panel& out) {
  constexpr const PackedSmall& format = Codes::kFormat;
  const __m256i first = _mm256_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1,
                                         0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1);
  const __m256i second =
      _mm256_setr_epi8(2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15, -1,  //
                       2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15, -1);
  for (int64_t b = 0; b < blocks; ++b, w += format.bytes())
    for (int half = 0; half < 2; ++half) {
      __m256i codes[8];
      Codes::load(w, half, codes);
      for (int q = 0; q < 8; ++q) {
        const auto pair = [&](int i) {
          return reinterpret_cast<__m256i*>(out.codes[b][2 * q + i][half]);
        };
        _mm256_store_si256(pair(0), _mm256_shuffle_epi8(codes[q], first));
        _mm256_store_si256(pair(1), _mm256_shuffle_epi8(codes[q], second));
      }
      _mm256_store_ps(out.scales[b][half], scales_at<format>(w + 16 * half));
      if constexpr (format.has_min)
        _mm256_store_ps(out.mins[b][half], halves_at(w + format.min() + 16 * half));
    }
}

// Two weights' activation codes, for all rows.
NETY_AVX2_INLINE __m256i pair_of(const int16_t* x) {
  int32_t two;
  std::memcpy(&two, x, sizeof(two));
  return _mm256_set1_epi32(two);
}

/// Exact dots of a block of sixteen rows with T tokens.
template <int T>
struct Dots {
  alignas(32) int32_t of[T][2][8];
};

// A function of its own: within the loop over blocks GCC 12 copies the sums to and fro.
template <int T>
NETY_AVX2 __attribute__((noinline)) void multiply_block(const int16_t (*w)[2][16], const int16_t* x,
                                                        const int32_t* offsets, Dots<T>& dots) {
  __m256i sum[T][2];
  NETY_UNROLL
  for (int t = 0; t < T; ++t) sum[t][0] = sum[t][1] = _mm256_set1_epi32(offsets[t * kChunkBlocks]);
  for (int pair = 0; pair < 16; ++pair) {
    const __m256i first = _mm256_load_si256(reinterpret_cast<const __m256i*>(w[pair][0]));
    const __m256i second = _mm256_load_si256(reinterpret_cast<const __m256i*>(w[pair][1]));
    NETY_UNROLL
    for (int t = 0; t < T; ++t) {
      const __m256i xs = pair_of(x + t * kChunkBlocks * 32 + 2 * pair);
      add_in_place(sum[t][0], _mm256_madd_epi16(first, xs));
      add_in_place(sum[t][1], _mm256_madd_epi16(second, xs));
    }
  }
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    NETY_UNROLL
    for (int half = 0; half < 2; ++half)
      _mm256_store_si256(reinterpret_cast<__m256i*>(dots.of[t][half]), sum[t][half]);
  }
}

// Blocks [b0, b0 + blocks) of one panel times T tokens, added to y.
template <class Codes, int T>
NETY_AVX2 void small_tile(const PackedProduct& p, const SmallChunk& chunk,
                          const SmallChunk::Panel& panel, int64_t b0, int64_t blocks, int64_t t0,
                          float* y) {
  const BlockActivations& x = p.small;
  for (int64_t b = 0; b < blocks; ++b) {
    Dots<T> dots;
    multiply_block<T>(panel.codes[b], chunk.x[0] + 32 * b, chunk.offsets[0] + b, dots);
    for (int t = 0; t < T; ++t) {
      const int64_t at = (t0 + t) * x.blocks + b0 + b;
      const __m256 x_scale = _mm256_set1_ps(x.scales[at]);
      NETY_UNROLL
      for (int half = 0; half < 2; ++half) {
        float* const to = y + (t0 + t) * p.y_stride + 8 * half;
        const __m256 dot = _mm256_cvtepi32_ps(
            _mm256_load_si256(reinterpret_cast<const __m256i*>(dots.of[t][half])));
        const __m256 was = b0 + b == 0 ? _mm256_setzero_ps() : _mm256_loadu_ps(to);
        __m256 sum = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_load_ps(panel.scales[b][half]), x_scale),
                                     dot, was);
        if constexpr (Codes::kFormat.has_min)
          sum =
              _mm256_fmadd_ps(_mm256_load_ps(panel.mins[b][half]), _mm256_set1_ps(x.sums[at]), sum);
        _mm256_storeu_ps(to, sum);
      }
    }
  }
}

// A chunk of a few panels times T tokens.
template <class Codes, int T>
NETY_AVX2 void small_tokens(const PackedProduct& p, SmallChunk& chunk, int64_t panel,
                            int64_t panels, int64_t b0, int64_t blocks, int64_t t0) {
  const BlockActivations& x = p.small;
  for (int t = 0; t < T; ++t)
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t at = (t0 + t) * x.blocks + b0 + b;
      if (b % 2 == 0) {  // the next tokens' lines, of two blocks each
        _mm_prefetch(reinterpret_cast<const char*>(x.high + 32 * (at + T * x.blocks)), _MM_HINT_T0);
        _mm_prefetch(reinterpret_cast<const char*>(x.low + 32 * (at + T * x.blocks)), _MM_HINT_T0);
      }
      join_codes(x.high + 32 * at, x.low + 32 * at, chunk.x[t] + 32 * b);
      chunk.offsets[t][b] = -Codes::kOffset * x.code_sums[at];
    }
  for (int64_t i = 0; i < panels; ++i)
    small_tile<Codes, T>(p, chunk, chunk.panels[i], b0, blocks, t0, p.y + (panel + i) * kPackRows);
}

template <class Codes>
NETY_AVX2 void small_tiles(const PackedProduct& p) {
  SmallChunk chunk;
  const int64_t bytes = Codes::kFormat.bytes();
  for (int64_t panel = 0; panel < p.panels; panel += kMostPanels) {
    const int64_t panels = p.panels - panel < kMostPanels ? p.panels - panel : kMostPanels;
    for (int64_t b = 0; b < p.blocks; b += kChunkBlocks) {
      const int64_t blocks = p.blocks - b < kChunkBlocks ? p.blocks - b : kChunkBlocks;
      for (int64_t i = 0; i < panels; ++i)
        unpack_panel<Codes>(p.w + ((panel + i) * p.blocks + b) * bytes, blocks, chunk.panels[i]);
      int64_t t = 0;
      for (; t + 4 <= p.tokens; t += 4)
        small_tokens<Codes, 4>(p, chunk, panel, panels, b, blocks, t);
      for (; t + 2 <= p.tokens; t += 2)
        small_tokens<Codes, 2>(p, chunk, panel, panels, b, blocks, t);
      if (t < p.tokens) small_tokens<Codes, 1>(p, chunk, panel, panels, b, blocks, t);
    }
  }
}

// One token, codes of 4 and 5 bits.
template <class Codes>
NETY_AVX2 inline void small_row(const PackedProduct& p, const std::byte* w, float* y) {
  constexpr const PackedSmall& format = Codes::kFormat;
  constexpr int kRun = format.has_fifth || format.has_values() ? 4 : 8;
  const BlockActivations& x = p.small;
  __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int64_t b = 0; b < p.blocks; ++b, w += format.bytes()) {
    fetch(w, format.bytes());
    const __m256i off = _mm256_set1_epi32(-Codes::kOffset * x.code_sums[b]);
    for (int half = 0; half < 2; ++half) {
      __m256i codes[8];
      Codes::load(w, half, codes);
      const __m256i tops = dot_of<kRun, kCodeBase>(codes, x.high + b * 32);
      const __m256i small = _mm256_add_epi32(dot_of<kRun>(codes, x.low + b * 32), off);
      const __m256 scale =
          _mm256_mul_ps(scales_at<format>(w + 16 * half), _mm256_set1_ps(x.scales[b]));
      sum[half] =
          _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(_mm256_add_epi32(tops, small)), sum[half]);
      if constexpr (format.has_min)
        sum[half] = _mm256_fmadd_ps(halves_at(w + format.min() + 16 * half),
                                    _mm256_set1_ps(x.sums[b]), sum[half]);
    }
  }
  _mm256_storeu_ps(y, sum[0]);
  _mm256_storeu_ps(y + 8, sum[1]);
}

template <class Codes>
NETY_AVX2 inline void packed_small(const PackedProduct& p) {
  if (p.tokens > 1) return small_tiles<Codes>(p);
  for (int64_t panel = 0; panel < p.panels; ++panel)
    small_row<Codes>(p, p.w + panel * p.blocks * Codes::kFormat.bytes(), p.y + panel * kPackRows);
}

}  // namespace
}  // namespace nety::kernels
