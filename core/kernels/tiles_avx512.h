// Tiles of a product in AVX-512: R rows times T tokens, one accumulator for each, summed over the
// columns in the same order whatever the tile. One source for two targets: the file that includes
// this defines NETY_TARGET, the attribute of its functions, for no call may cross to a narrower
// one.
//
// `Products` is what differs: rows, tokens, the type Sum of an accumulator, zero(), and
//   add<R, T>(r0, t0, sum)    adds all columns of rows r0.. times tokens t0..
//   store<R, T>(sum, r0, t0)  reduces the accumulators to y
#pragma once

#include "core/kernels/fetch.h"
#include "core/kernels/sums_avx512.h"

#ifndef NETY_TARGET
#error "define NETY_TARGET before including this"
#endif

namespace nety::kernels {
namespace {

template <int R, int T, class Products>
NETY_TARGET void tile(const Products& products, int64_t r0, int64_t t0) {
  typename Products::Sum sum[R * T];
  NETY_UNROLL
  for (auto& s : sum) s = Products::zero();
  products.template add<R, T>(r0, t0, sum);
  products.template store<R, T>(sum, r0, t0);
}

/// Rows from `r` on times T tokens.
template <int T, class Products>
NETY_TARGET void column(const Products& products, int64_t r, int64_t t0) {
  for (; r + 4 <= products.rows(); r += 4) tile<4, T>(products, r, t0);
  for (; r < products.rows(); ++r) tile<1, T>(products, r, t0);
}

/// One token: row after row, as they lie in memory, of which four are reduced together. Hardware
/// prefetchers follow one stream far better than rows side by side with software prefetches
/// (docs/performance.md).
template <class Products>
NETY_TARGET void row_by_row(const Products& products, int64_t t) {
  int64_t r = 0;
  for (; r + 4 <= products.rows(); r += 4) {
    typename Products::Sum sum[4];
    NETY_UNROLL
    for (int i = 0; i < 4; ++i) {
      typename Products::Sum one[1] = {Products::zero()};
      products.template add<1, 1>(r + i, t, one);
      sum[i] = one[0];
    }
    products.template store<4, 1>(sum, r, t);
  }
  for (; r < products.rows(); ++r) tile<1, 1>(products, r, t);
}

}  // namespace
}  // namespace nety::kernels
