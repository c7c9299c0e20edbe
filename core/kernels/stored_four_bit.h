// Rows of 4-bit codes times a few tokens in exact fp32: codes are looked up in the codebook, in the
// order of stored_rows.h, nibble_column(), and a weight is its value times absmax, rounded. Of what
// was tried (docs/performance.md) the fastest. One source for two targets: the file that includes
// this defines NETY_TARGET, the attribute of its functions, for no call may cross to a narrower
// one.
//
// `Codes` is what differs: the codebook in registers, by of(values), and
//   kLanes, Vector, zero(), load(x), multiply_add(w, x, sum), put(out, v)
//   Group at(absmax, codes)   64 columns: what their weights are made of, and their codes
//   group.weights<n>(out)     vectors n to n + kTogether - 1 of them
//   kSums                     accumulators of one row and token, taken by turns
//   kTile                     rows multiplied together
//   reduce<R, T>(sum, y, y_stride)
#pragma once

#include "core/kernels/four_bit_absmax.h"
#include "core/kernels/stored_rows.h"
#include "core/kernels/unroll.h"
#include "core/precision/four_bit_book.h"

#ifndef NETY_TARGET
#error "define NETY_TARGET before including this"
#endif
#define NETY_TARGET_INLINE NETY_TARGET inline __attribute__((always_inline))

namespace nety::kernels {
namespace {

// How far ahead of the stream of codes to fetch, in bytes: rows are read several at a time, which
// hardware prefetchers do not follow.
constexpr int64_t kFourBitAhead = 4096;

/// A matrix with its codebook.
template <class Codes, Blocks blocks>
struct FourBitRows {
  Codes book;
  Absmax<blocks> absmax;
  const std::byte* codes;
  int64_t groups;  // in a row

  NETY_TARGET static inline FourBitRows of(const precision::FourBitBook& values,
                                           const precision::MatrixView& w) {
    return {Codes::of(values.values.data()), Absmax<blocks>::of(w), w.codes, w.cols / kNibbleGroup};
  }
  NETY_TARGET_INLINE typename Codes::Group at(int64_t row, int64_t g) const {
    const int64_t at = row * groups + g;
    return book.at(absmax.at(at), codes + at * (kNibbleGroup / 2));
  }
};

// Vectors from n on of R rows times T tokens: row by row in turns, for their sums do not wait for
// each other.
template <class Codes, int R, int T, int n = 0>
NETY_TARGET_INLINE void add_groups(const typename Codes::Group (&rows)[R], const float* x,
                                   int64_t x_stride,
                                   typename Codes::Vector (&sum)[R * T * Codes::kSums]) {
  if constexpr (n < kNibbleGroup / Codes::kLanes) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      typename Codes::Vector ws[Codes::kTogether];
      rows[r].template weights<n>(ws);
      NETY_UNROLL
      for (int i = n; i < n + Codes::kTogether; ++i) {
        NETY_UNROLL
        for (int t = 0; t < T; ++t) {
          auto& to = sum[(r * T + t) * Codes::kSums + i % Codes::kSums];
          to =
              Codes::multiply_add(ws[i - n], Codes::load(x + t * x_stride + Codes::kLanes * i), to);
        }
      }
    }
    add_groups<Codes, R, T, n + Codes::kTogether>(rows, x, x_stride, sum);
  }
}

// Inlined into the loop over rows, so that its constants are loaded once.
template <int R, int T, class Codes, Blocks blocks>
NETY_TARGET_INLINE void four_bit_tile(const FourBitRows<Codes, blocks>& w, const StoredRows& p,
                                      int64_t r0, int64_t t0) {
  const int64_t first = p.first + r0;
  const float* x = p.x + t0 * p.x_stride;
  const auto* ahead = reinterpret_cast<const char*>(w.codes + first * w.groups * 32);
  typename Codes::Vector sum[R * T * Codes::kSums];
  NETY_UNROLL
  for (auto& s : sum) s = Codes::zero();
  for (int64_t g = 0; g < w.groups; ++g, x += kNibbleGroup, ahead += 32 * R) {
    typename Codes::Group rows[R];
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      if (T == 1 && r % 2 == 0) _mm_prefetch(ahead + kFourBitAhead + 32 * r, _MM_HINT_T0);
      rows[r] = w.at(first + r, g);
    }
    add_groups<Codes, R, T>(rows, x, p.x_stride, sum);
  }
  Codes::template reduce<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <int T, class Codes, Blocks blocks>
NETY_TARGET_INLINE void four_bit_column(const FourBitRows<Codes, blocks>& w, const StoredRows& p,
                                        int64_t t) {
  int64_t r = 0;
  for (; r + Codes::kTile <= p.rows; r += Codes::kTile) four_bit_tile<Codes::kTile, T>(w, p, r, t);
  for (; r < p.rows; ++r) four_bit_tile<1, T>(w, p, r, t);
}

template <class Codes, Blocks blocks>
NETY_TARGET_INLINE void four_bit_product(const precision::FourBitBook& book, const StoredRows& p) {
  const auto w = FourBitRows<Codes, blocks>::of(book, *p.w);
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) four_bit_column<2>(w, p, t);
  for (; t < p.tokens; ++t) four_bit_column<1>(w, p, t);
}

/// Rows times tokens, with plain or `nested` scales.
template <class Codes, bool nested>
NETY_TARGET_INLINE void stored_four_bit(const precision::FourBitBook& book, const StoredRows& p) {
  if constexpr (nested) return four_bit_product<Codes, Blocks::kNested>(book, p);
  if (p.w->block == kNibbleGroup) return four_bit_product<Codes, Blocks::kOfOne>(book, p);
  four_bit_product<Codes, Blocks::kOfMany>(book, p);
}

template <class Codes, int n = 0>
NETY_TARGET_INLINE void put_group(const typename Codes::Group& group, float* out) {
  if constexpr (n < kNibbleGroup / Codes::kLanes) {
    typename Codes::Vector ws[Codes::kTogether];
    group.template weights<n>(ws);
    NETY_UNROLL
    for (int i = 0; i < Codes::kTogether; ++i) Codes::put(out + Codes::kLanes * (n + i), ws[i]);
    put_group<Codes, n + Codes::kTogether>(group, out);
  }
}

/// Row `row` as fp32 in the order of nibble_column().
template <class Codes, bool nested>
NETY_TARGET inline void unpack_nibbles(const precision::FourBitBook& book,
                                       const precision::MatrixView& matrix, int64_t row,
                                       float* out) {
  const auto w = FourBitRows < Codes,
             nested ? Blocks::kNested : Blocks::kOfMany > ::of(book, matrix);
  for (int64_t g = 0; g < w.groups; ++g) put_group<Codes>(w.at(row, g), out + g * kNibbleGroup);
}

}  // namespace
}  // namespace nety::kernels
