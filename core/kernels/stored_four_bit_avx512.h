// Rows of 4-bit codes times a few tokens in exact fp32: the codebook times a block's absmax lies in
// two registers, eight codes are looked up at once, their indices being the dwords of the row
// shifted by 4 n. A chunk of 128 columns is so taken in the order of kernels.h, nibble_column();
// lanes 0-7 belong to its first 64 columns, 8-15 to the others.
#pragma once

#include "core/kernels/kernels.h"
#include "core/kernels/sums_avx512.h"
#include "core/precision/four_bit.h"

namespace nety::kernels {
namespace {

// The absmax of each 64 columns, as precision::four_bit_absmax() has it.
template <bool nested>
struct Absmax {
  const float* scales;
  const uint8_t* codes;
  const float* map;
  float offset;
  int shift, nested_shift;

  NETY_AVX512 static inline Absmax of(const precision::MatrixView& w) {
    return {w.scales,
            w.nested_codes,
            w.nested_map,
            w.nested_offset,
            __builtin_ctz(static_cast<unsigned>(w.block)) - 6,
            nested ? __builtin_ctz(static_cast<unsigned>(w.nested_block)) : 0};
  }
  NETY_AVX512 inline float at(int64_t group) const {
    const int64_t index = group >> shift;
    if constexpr (!nested) return scales[index];
    const float product = map[codes[index]] * scales[index >> nested_shift];
    return product + offset;
  }
};

// The dwords at `row` shifted right by 4 n, as far as their low four bits go, which are all that a
// look-up reads: by whole bytes with the load, by the last nibble with the multiplier, which has
// less to do than the shifter. Reads up to three bytes past the 32 of the row's group.
NETY_AVX512 inline __m256i nibble_index(const std::byte* row, int n) {
  const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + n / 2));
  return n % 2 == 0 ? codes : _mm256_mulhi_epu16(codes, _mm256_set1_epi16(0x1000));
}

// Groups of codes that may be read past their end: the last one of a matrix through a copy.
struct Groups {
  const std::byte* last;
  std::byte copy[40];

  NETY_AVX512 static inline Groups of(const precision::MatrixView& w) {
    Groups groups{w.codes + w.rows * w.cols / 2 - 32, {}};
    __builtin_memcpy(groups.copy, groups.last, 32);
    return groups;
  }
  NETY_AVX512 inline const std::byte* at(const std::byte* group) const {
    return group == last ? copy : group;
  }
};

template <bool nested, int R, int T>
NETY_AVX512 inline void four_bit_tile(const precision::FourBitBook& book, const StoredRows& p,
                                      int64_t r0, int64_t t0) {
  const int64_t groups = p.w->cols / 64;
  const Absmax<nested> absmax = Absmax<nested>::of(*p.w);
  const __m256 low = _mm256_loadu_ps(book.values.data());
  const __m256 high = _mm256_loadu_ps(book.values.data() + 8);
  const int64_t first = (p.first + r0) * groups;
  const std::byte* w = p.w->codes + first * 32;
  const Groups all = Groups::of(*p.w);
  const float* x = p.x + t0 * p.x_stride;
  __m256 sum[2][R * T];
  for (auto& half : sum)
    for (__m256& s : half) s = _mm256_setzero_ps();
  for (int64_t g = 0; g < groups; ++g) {
    __m256* half = sum[g % 2];
    const float* xs = x + g / 2 * 128 + g % 2 * 8;
    for (int r = 0; r < R; ++r) {
      const std::byte* row = all.at(w + (r * groups + g) * 32);
      if (T == 1) _mm_prefetch(reinterpret_cast<const char*>(row + R * groups * 32), _MM_HINT_T0);
      const __m256 scale = _mm256_set1_ps(absmax.at(first + r * groups + g));
      const __m256 low_values = _mm256_mul_ps(low, scale);
      const __m256 high_values = _mm256_mul_ps(high, scale);
      for (int n = 0; n < 8; ++n) {
        const __m256 ws = _mm256_permutex2var_ps(low_values, nibble_index(row, n), high_values);
        for (int t = 0; t < T; ++t)
          half[r * T + t] =
              _mm256_fmadd_ps(ws, _mm256_loadu_ps(xs + t * p.x_stride + 16 * n), half[r * T + t]);
      }
    }
  }
  __m512 whole[R * T];
  for (int i = 0; i < R * T; ++i)
    whole[i] = _mm512_insertf32x8(_mm512_castps256_ps512(sum[0][i]), sum[1][i], 1);
  store_sums<R, T>(whole, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <bool nested, int T>
NETY_AVX512 inline void four_bit_column(const precision::FourBitBook& book, const StoredRows& p,
                                        int64_t t) {
  constexpr int kRows = T == 1 ? 4 : 2;
  int64_t r = 0;
  for (; r + kRows <= p.rows; r += kRows) four_bit_tile<nested, kRows, T>(book, p, r, t);
  for (; r < p.rows; ++r) four_bit_tile<nested, 1, T>(book, p, r, t);
}

template <bool nested>
NETY_AVX512 inline void stored_four_bit(const precision::FourBitBook& book, const StoredRows& p) {
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) four_bit_column<nested, 2>(book, p, t);
  for (; t < p.tokens; ++t) four_bit_column<nested, 1>(book, p, t);
}

// Row `row` as fp32 in the order of nibble_column(), to a whole number of chunks, zeros at the end.
template <bool nested>
NETY_AVX512 inline void unpack_nibbles(const precision::FourBitBook& book,
                                       const precision::MatrixView& w, int64_t row, float* out) {
  const int64_t groups = w.cols / 64;
  const Absmax<nested> absmax = Absmax<nested>::of(w);
  const __m256 low = _mm256_loadu_ps(book.values.data());
  const __m256 high = _mm256_loadu_ps(book.values.data() + 8);
  const int64_t first = row * groups;
  const Groups all = Groups::of(w);
  for (int64_t g = 0; g < groups; ++g) {
    const __m256 scale = _mm256_set1_ps(absmax.at(first + g));
    const __m256 low_values = _mm256_mul_ps(low, scale);
    const __m256 high_values = _mm256_mul_ps(high, scale);
    const std::byte* codes = all.at(w.codes + (first + g) * 32);
    float* to = out + g / 2 * 128 + g % 2 * 8;
    for (int n = 0; n < 8; ++n)
      _mm256_storeu_ps(to + 16 * n,
                       _mm256_permutex2var_ps(low_values, nibble_index(codes, n), high_values));
  }
  if (groups % 2 != 0)
    for (int n = 0; n < 8; ++n)
      _mm256_storeu_ps(out + groups / 2 * 128 + 8 + 16 * n, _mm256_setzero_ps());
}

}  // namespace
}  // namespace nety::kernels
