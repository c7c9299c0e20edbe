// What the checks of cells share: data, tolerances, and one check per operation.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "core/kernels/kernels.h"
#include "core/kernels/packed.h"
#include "core/precision/mode.h"

namespace nety::kernels {

/// Sums of n products in another order differ by at most this, relative to the sum of magnitudes.
inline double reordering_error(int64_t n) { return 1.2e-7 * std::sqrt(static_cast<double>(n)) * 4; }

inline std::vector<float> random_floats(size_t n, unsigned seed, float spread = 1.0F) {
  std::mt19937 random(seed);
  std::vector<float> values(n);
  for (float& value : values)
    value = spread * (static_cast<float>(random()) / 2147483648.0F - 1.0F);
  return values;
}

/// A matrix of a mode with random contents: made from weights where the mode can be, else of random
/// blocks, misaligned by one byte.
struct AnyMatrix {
  precision::Matrix made;
  std::vector<std::byte> bytes;
  precision::MatrixView view;
};
AnyMatrix random_matrix(const precision::Mode& mode, int64_t rows, int64_t cols);

/// The packed form of a matrix and the activations for it.
struct PackedCase {
  std::vector<std::byte> panels;
  std::vector<int8_t> high, low, codes;
  std::vector<float> scales, sums;
  std::vector<int32_t> code_sums, group_sums;
  std::vector<int16_t> super_sums;
  PackedProduct product{};

  PackedCase(const Cell& cell, const precision::MatrixView& w, const std::vector<float>& x,
             int64_t tokens);
  std::vector<float> run(PackedKernel kernel);
};

void check_float_panel(FloatPanelKernel kernel);
void check_block_panel(BlockPanelKernel kernel, BlockPanelKernel reference);
void check_quantise(QuantiseKernel kernel, QuantiseKernel reference);
void check_silu(SiluKernel kernel);
void check_attention(AttentionKernel kernel, bool narrow);
void check_unpack(UnpackKernel kernel, const precision::Mode& mode);
void check_integer_panel(IntegerPanelKernel kernel, IntegerPanelKernel reference);
void check_unpack_blocks(UnpackBlocksKernel kernel, const precision::Mode& mode);
void check_packed(const Cell& cell, PackedKernel kernel, const precision::Mode& mode);
void check_quantise_super(QuantiseSuperKernel kernel, QuantiseSuperKernel reference);
void check_quantise_int8(QuantiseInt8Kernel kernel);
void check_half_panel(HalfPanelKernel kernel);
void check_stored_rows(const Cell& cell, StoredRowsKernel kernel, const precision::Mode& mode);
void check_unpack_nibbles(UnpackKernel kernel, const precision::Mode& mode);
void check_quantise_rows(QuantiseRowsKernel kernel, const precision::Mode& mode);

}  // namespace nety::kernels
