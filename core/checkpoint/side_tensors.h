// The scales that a quantised weight has beside its codes, as a directory stores them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nety::checkpoint {

/// How the values of `scales` are stored. All but kFloat need a copy to be used.
enum class ScaleForm : uint8_t {
  kFloat,           ///< F32
  kHalf,            ///< F16 [n], rounded by whoever wrote it
  kBrain,           ///< BF16 [n], the same
  kBrainTransposed  ///< BF16 [cols / block, rows], left by bitsandbytes after a forward
};

/// All spans point into mapped files and may be unaligned.
struct SideTensors {
  std::span<const std::byte> scales{};  ///< SCB, absmax, the nested absmax, or of fp8.
  ScaleForm form = ScaleForm::kFloat;
  int32_t block = 0;       ///< 4-bit: weights per absmax, over the flattened matrix; fp8: columns.
  int32_t block_rows = 0;  ///< fp8: rows per scale.
  std::span<const std::byte> nested_codes{}, nested_map{};
  float nested_offset = 0;
  int32_t nested_block = 0;
  std::span<const std::byte> exponents{};  ///< MXFP4: U8 [rows, cols / 32].
  int32_t row_step = 1;                    ///< MXFP4: MatrixView::row_step
};

}  // namespace nety::checkpoint
