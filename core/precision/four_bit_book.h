// The values of 4-bit codes, and rows of such codes as floats: what kernels need of four_bit.h.
#pragma once

#include <array>
#include <cstdint>

#include "core/precision/matrix_view.h"

namespace nety::precision {

/// The values of a 4-bit code, and how to find the code of a value.
struct FourBitBook {
  std::array<float, 16> values;     ///< By code.
  std::array<uint8_t, 16> order;    ///< Codes by ascending value.
  std::array<float, 15> midpoints;  ///< Between neighbours in that order.
};

constexpr FourBitBook make_four_bit_book(const std::array<float, 16>& values,
                                         const std::array<uint8_t, 16>& order) {
  FourBitBook book{values, order, {}};
  for (size_t k = 0; k < 15; ++k)
    book.midpoints[k] = (values[order[k]] + values[order[k + 1]]) / 2.0F;
  return book;
}

/// absmax of block `index`, nested or not.
float four_bit_absmax(const MatrixView& matrix, int64_t index);

/// Row `row` of the matrix as floats: out [cols].
void four_bit_dequantise(const FourBitBook& book, const MatrixView& matrix, int64_t row,
                         float* out);

}  // namespace nety::precision
