// Products with panels of floats in AVX-512, in tiles of up to 4 weight rows by 6 tokens: 24
// accumulators. Long rows are taken a chunk of columns at a time by all tiles of the panel, so that
// the activations of a chunk stay in the first cache; between chunks the accumulators wait in
// memory. For two targets, as tiles_avx512.h.
//
// `Columns` is what differs: the type Element, kChunk, and
//   add<R, T>(panel, r0, t0, k, end, sum)  adds columns [k, end), from k on a whole vector
#pragma once

#include "core/kernels/panels.h"
#include "core/kernels/tiles_avx512.h"

namespace nety::kernels {
namespace {

template <class Columns>
struct PanelProducts {
  using Sum = __m512;
  const Panel<typename Columns::Element>& p;

  NETY_TARGET inline __attribute__((always_inline)) static __m512 zero() {
    return _mm512_setzero_ps();
  }
  int64_t rows() const { return p.rows; }
  template <int R, int T>
  NETY_TARGET inline __attribute__((always_inline)) void add(int64_t r0, int64_t t0,
                                                             __m512 (&sum)[R * T]) const {
    Columns::template add<R, T>(p, r0, t0, 0, p.cols, sum);
  }
  template <int R, int T>
  NETY_TARGET inline __attribute__((always_inline)) void store(const __m512 (&sum)[R * T],
                                                               int64_t r0, int64_t t0) const {
    store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
  }
};

constexpr int64_t kMostRows = 32;  // of a panel whose columns are taken in chunks

// Six tokens with all whole tiles of the panel, chunk by chunk.
template <class Columns>
NETY_TARGET void long_column(const PanelProducts<Columns>& products, int64_t t0) {
  constexpr int kSums = 24;
  constexpr int64_t kChunk = Columns::kChunk;
  const auto& p = products.p;
  alignas(64) float waiting[kMostRows / 4][kSums * 16];
  const int64_t tiles = p.rows / 4;
  for (int64_t k = 0; k < p.cols; k += kChunk) {
    const int64_t end = k + kChunk < p.cols ? k + kChunk : p.cols;
    for (int64_t i = 0; i < tiles; ++i) {
      __m512 sum[kSums];
      NETY_UNROLL
      for (int s = 0; s < kSums; ++s)
        sum[s] = k == 0 ? _mm512_setzero_ps() : _mm512_load_ps(waiting[i] + 16 * s);
      Columns::template add<4, 6>(p, 4 * i, t0, k, end, sum);
      if (end < p.cols) {
        NETY_UNROLL
        for (int s = 0; s < kSums; ++s) _mm512_store_ps(waiting[i] + 16 * s, sum[s]);
      } else {
        products.template store<4, 6>(sum, 4 * i, t0);
      }
    }
  }
  column<6>(products, tiles * 4, t0);
}

template <class Columns>
NETY_TARGET inline void multiply_panel(const Panel<typename Columns::Element>& p) {
  const PanelProducts<Columns> products{p};
  if (p.tokens == 1) return row_by_row(products, 0);
  const bool is_long = p.cols > Columns::kChunk + Columns::kChunk / 2 && p.rows <= kMostRows;
  int64_t t = 0;
  for (; t + 6 <= p.tokens; t += 6) {
    if (is_long)
      long_column(products, t);
    else
      column<6>(products, 0, t);
  }
  for (; t + 2 <= p.tokens; t += 2) column<2>(products, 0, t);
  for (; t < p.tokens; ++t) column<1>(products, 0, t);
}

}  // namespace
}  // namespace nety::kernels
