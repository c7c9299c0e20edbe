// Products with panels: a few rows of weights, brought into one form, times all tokens of a step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/kernels/activations.h"

namespace nety::kernels {

/// y[t*y_stride + r] = sum over k of w[r*w_stride + k] * x[t*x_stride + k], for r < rows, t <
/// tokens, in fp32; the order of summation depends on k alone, not on rows or tokens.
template <class Element>
struct Panel {
  const Element* w;
  int64_t w_stride, rows;
  const Element* x;
  int64_t x_stride, tokens, cols;
  float* y;
  int64_t y_stride;
};
using FloatPanel = Panel<float>;
using FloatPanelKernel = void (*)(const FloatPanel&);

/// Both sides bf16.
using Bf16Panel = Panel<uint16_t>;
using Bf16PanelKernel = void (*)(const Bf16Panel&);

/// Exact integer dots: y[t*y_stride + r] = sum over k of w[r][k] * x[t][k], rows of `cols` codes.
struct IntegerPanel {
  const int8_t* w;
  int64_t rows;
  const int8_t* x;
  int64_t x_stride, tokens, cols;
  int32_t* y;
  int64_t y_stride;
};
using IntegerPanelKernel = void (*)(const IntegerPanel&);

/// Weight rows as int8 codes in blocks of 32: w[r][k] ~ scale[r][k/32] * codes[r][k] +
/// min[r][k/32], padded like the activations. `mins` is null where the format has none.
struct BlockRows {
  int8_t* codes;
  float* scales;
  float* mins;
  int64_t rows;
};

/// One row of a block format [cols] into row `r` of `out`: codes, scales and mins. Returns whether
/// the format has mins; where it has none, `out.mins` is left alone.
using UnpackBlocksKernel = bool (*)(const std::byte* row, int64_t cols, const BlockRows& out,
                                    int64_t r, int64_t blocks);

/// y[t*y_stride + r] = sum over blocks b of (w_scale * x_scale) * (exact integer dot) + w_min *
/// x_sum.
struct BlockPanel {
  BlockRows w;
  BlockActivations x;
  int64_t tokens;
  float* y;
  int64_t y_stride;
};
using BlockPanelKernel = void (*)(const BlockPanel&);

}  // namespace nety::kernels
