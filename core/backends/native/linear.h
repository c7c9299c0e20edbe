// Products of a step's activations with weights, some rows at a time.
#pragma once

#include "core/backends/native/activations.h"
#include "core/backends/native/cells.h"
#include "core/backends/native/weight.h"
#include "core/base/zeroed_array.h"

namespace nety::native {

/// Most rows of a weight that are multiplied at a time.
inline constexpr int64_t kPanelRows = 32;
/// Columns that an unpacked row may take beyond its values.
inline constexpr int64_t kPanelMargin = 32;

/// Scratch of one worker.
struct Scratch {
  /// Room for weights of at most `cols` columns and `rows` rows, and `tokens` tokens.
  void reserve(int64_t cols, int64_t rows, int64_t tokens);
  /// Bytes that become memory at most; `rows`: 0 where no product takes a column.
  static int64_t bytes(int64_t cols, int64_t rows, int64_t tokens);

  ZeroedArray<float> panel;   // [kPanelRows, cols + kPanelMargin]
  ZeroedArray<int8_t> codes;  // [kPanelRows, blocks * 32]
  ZeroedArray<float> scales, mins;
  ZeroedArray<float> y;       // [tokens, kPanelRows]
  ZeroedArray<int32_t> sums;  // [tokens, kPanelRows]
  ZeroedArray<float> column;  // [rows of the tallest weight]
};

/// Where a product goes: y[t*stride + n] = (accumulate ? y : 0) + scale (sum + bias[n]).
struct Destination {
  float* y;
  int64_t stride;
  const float* bias = nullptr;
  bool accumulate = false;
  float scale = 1;
};

/// Rows [first, last) of y = x W' for `tokens` tokens, by one worker with its scratch. The tokens
/// are rows of x from `token` on.
void multiply_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first,
                   int64_t last, const Destination& to, const Cells& cells, Scratch& scratch,
                   int64_t token = 0);

}  // namespace nety::native
