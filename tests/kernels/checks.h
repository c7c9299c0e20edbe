// What the checks of cells share: data, tolerances, and one check per operation.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "core/kernels/kernels.h"
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

  PackedCase(std::string_view format, const precision::MatrixView& w, const std::vector<float>& x,
             int64_t tokens);
  std::vector<float> run(PackedKernel kernel);
};

/// The mode that a cell's format names: "nf4_dq" is nf4-dq.
inline const precision::Mode& mode_of(const Cell& cell) {
  std::string name(cell.format);
  if (name.ends_with("_dq")) name[name.size() - 3] = '-';
  return *precision::find_mode(name);
}

/// One check per operation: check_<name>(cell, its function).
#define NETY_OPERATION(name, id, kernel_type) \
  void check_##name(const Cell& cell, Kernel<Op::id> kernel);
#include "core/kernels/operations.def"
#undef NETY_OPERATION

}  // namespace nety::kernels
