// Rows of weights as a mode stores them: unpacked, multiplied with in place, and made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nety::precision {
struct MatrixView;
}

namespace nety::kernels {

/// Row `row` of a weight matrix as fp32 (`out` [cols]): the same bits as ModeFunctions::dequantise.
using UnpackKernel = void (*)(const precision::MatrixView& matrix, int64_t row, float* out);
/// The same in the order of nibble_column().
using UnpackNibblesKernel = UnpackKernel;

/// Rows [first, first + rows) of a stored matrix times a few tokens, without an fp32 panel between:
/// the same bits as the format's unpacking cell and the float panel of the same instruction set.
struct StoredRows {
  const precision::MatrixView* w;
  int64_t first, rows;
  const float* x;
  int64_t x_stride, tokens;
  float* y;
  int64_t y_stride;
};
using StoredRowsKernel = void (*)(const StoredRows&);

/// The order in which the 4-bit cells of stored rows take columns, and x has to come: position i of
/// a chunk of kNibbleChunk holds column nibble_column(i) of it. A vector holds the chunk's eight
/// bytes repeated: lane i shifts right by 4 * (i / 2) bits, and has its code in the lowest four.
/// For weights whose columns and blocks are multiples of kNibbleGroup.
inline constexpr int64_t kNibbleChunk = 16, kNibbleGroup = 64;
inline constexpr int64_t nibble_column(int64_t i) { return i % 2 * 8 + (i / 2 ^ 1); }

/// Weights [rows, cols] to the codes and scales of a mode, the bits that ModeFunctions::quantise
/// gives. Returns false, having written nothing that matters, where it cannot: a value that has no
/// code, or 4-bit weights that are not whole blocks of 64.
using QuantiseWeightsKernel = bool (*)(const float* w, int64_t rows, int64_t cols, std::byte* codes,
                                       float* scales);

}  // namespace nety::kernels
