// What the GGUF formats share: blocks of weights with small integers, integer scales per group and
// one or two fp16 factors per block. A format is a decoder; the products are written once, here.
//
// In every format: w[i] = (d * scale[g]) * code[i] - (dmin * min[g]), g = i / group, in fp32.
// The product of a block with activations x, rounded to integers in blocks of the same size (scale
// dx; 16 bits in blocks of 32, 8 bits in blocks of 256):
//   S = sum over g of scale[g] * sum of code[i] * xcode[i]     exact, int32
//   M = sum over g of min[g] * sum of xcode[i]                 exact, int32
//   y += (d * dx) * float(S) - (dmin * dx) * float(M)          fp32
// Kernels compute the same S, M and terms; only the order of the fp32 sum over blocks is free.
#pragma once

#include <cstdint>

#include "core/precision/gguf_block.h"
#include "core/precision/mode.h"

namespace nety::precision {

/// A block format of GGUF files.
struct GgufFormat {
  int32_t weights;  ///< Per block: kBlock or kSuperBlock.
  int32_t group;    ///< Weights per integer scale: 16 or 32.
  int32_t bytes;    ///< Per block.
  bool has_min;
  void (*decode)(const std::byte* block, DecodedBlock& out);
  void (*set_scale)(std::byte* block, float scale);  ///< ModeFunctions::set_scale
};

uint64_t gguf_bytes(const GgufFormat& format, int64_t rows, int64_t cols);
void gguf_dequantise(const GgufFormat& format, const MatrixView& matrix, int64_t row, float* out);
void gguf_multiply(const GgufFormat& format, const MatrixView& matrix, const float* x, float* y,
                   int64_t first, int64_t last);

/// y[n] = sum over k of W[n][k] x[k] with rows as `dequantise` gives them, in fp32, from the first
/// column to the last: the product of formats whose activations stay fp32.
void multiply_dequantised(void (*dequantise)(const MatrixView& matrix, int64_t row, float* out),
                          const MatrixView& matrix, const float* x, float* y, int64_t first,
                          int64_t last);

/// ModeFunctions::set_scale of blocks with one fp16 factor, and with a minimum that centres the
/// weights: `twice` / 2 times the factor.
template <class Layout>
void set_fp16_scale(std::byte* block, float scale) {
  put_fp16(block + Layout::kScale, scale);
}
template <class Layout, int32_t twice>
void set_fp16_scale_and_min(std::byte* block, float scale) {
  put_fp16(block + Layout::kScale, scale);
  put_fp16(block + Layout::kMin, scale * (static_cast<float>(twice) / 2));
}

/// The mode of a format that is only read: `format` as a template argument because a mode's
/// functions take no context.
template <const GgufFormat& format>
constexpr ModeFunctions gguf_mode() {
  return {.bytes = [](int64_t rows, int64_t cols) { return gguf_bytes(format, rows, cols); },
          .group = format.weights,
          .dequantise = [](const MatrixView& matrix, int64_t row,
                           float* out) { gguf_dequantise(format, matrix, row, out); },
          .allocate = nullptr,
          .row_grain = nullptr,
          .quantise = nullptr,
          .finish = nullptr,
          .multiply = [](const MatrixView& matrix, const float* x, float* y, int64_t first,
                         int64_t last) { gguf_multiply(format, matrix, x, y, first, last); },
          .set_scale = format.set_scale};
}

/// ModeFunctions::multiply with fp32 activations: rows go through a panel of floats.
template <void (*dequantise)(const MatrixView& matrix, int64_t row, float* out)>
void multiply_panel(const MatrixView& matrix, const float* x, float* y, int64_t first,
                    int64_t last) {
  multiply_dequantised(dequantise, matrix, x, y, first, last);
}

/// The same of a format whose rows are such a panel.
template <const GgufFormat& format>
constexpr ModeFunctions gguf_panel_mode() {
  ModeFunctions functions = gguf_mode<format>();
  functions.multiply = [](const MatrixView& matrix, const float* x, float* y, int64_t first,
                          int64_t last) {
    multiply_dequantised(gguf_mode<format>().dequantise, matrix, x, y, first, last);
  };
  return functions;
}

}  // namespace nety::precision
