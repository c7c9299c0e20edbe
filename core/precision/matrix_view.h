// A weight matrix in memory. Apart from mode.h, so that kernels see this and nothing else of a
// mode.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nety::precision {

enum class ModeId : uint8_t {
#define NETY_MODE(symbol, ...) symbol,
#include "core/precision/modes.def"
#undef NETY_MODE
};

/// A weight matrix as it lies in memory: [rows, cols] = [out_features, in_features], row-major.
/// Views; owns nothing.
struct MatrixView {
  ModeId mode{};
  int64_t rows = 0;
  int64_t cols = 0;
  const std::byte* codes = nullptr;  ///< Storage of the mode; scales inside it for GGUF formats.
  const float* scales = nullptr;  ///< int8: SCB [rows]; 4-bit: absmax [ceil(rows*cols/block)], or
                                  ///< nested absmax when nested_codes is set; else null.
  int32_t block = 0;              ///< 4-bit: weights per absmax, over the flattened matrix.
  const uint8_t* nested_codes = nullptr;  ///< Double quantization: one code per absmax.
  const float* nested_map = nullptr;      ///< [256] values of the nested codes.
  float nested_offset = 0;
  int32_t nested_block = 0;  ///< Codes per nested absmax (256).
  int32_t block_rows = 0;    ///< fp8: rows per scale, `block` columns each; scales
                             ///< [ceil(rows/block_rows), ceil(cols/block)], or null: 1.
  /// mxfp4 as safetensors have it: the exponents [rows, cols / 32] apart from the nibbles, which
  /// are pairs of neighbours, the first in the low half. Null: blocks as GGUF has them.
  const uint8_t* exponents = nullptr;
  int32_t row_step = 1;  ///< With exponents: from a row to the next, in rows as they are stored.
};

}  // namespace nety::precision
