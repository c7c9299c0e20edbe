// Which scale belongs to a column of a row of fp8. The file that includes it names the target as
// NETY_TARGET.
#pragma once

#include <cstdint>

#include "core/precision/matrix_view.h"

namespace nety::kernels {
namespace {

/// The scales of one row, of columns up to the next multiple of 16.
class Fp8Scales {
 public:
  Fp8Scales() = default;
  NETY_TARGET inline Fp8Scales(const precision::MatrixView& matrix, int64_t row)
      : cols_(matrix.cols) {
    if (matrix.scales == nullptr) return;
    block_ = matrix.block;
    last_ = (cols_ - 1) / block_;
    scales_ = matrix.scales + row / matrix.block_rows * (last_ + 1);
  }
  /// Whether any 16 columns from a multiple of 16 on have one scale.
  NETY_TARGET inline bool even() const {
    return scales_ == nullptr || last_ == 0 || block_ % 16 == 0;
  }
  NETY_TARGET inline float at(int64_t column) const {
    if (scales_ == nullptr) return 1.0F;
    const int64_t block = column / block_;
    return scales_[block < last_ ? block : last_];
  }
  /// The one scale of the columns from `index` * stretch() on. Where even().
  NETY_TARGET inline float piece(int64_t index) const {
    return scales_ == nullptr ? 1.0F : scales_[index];
  }
  /// Columns after which the scale may be another: a multiple of 16.
  NETY_TARGET inline int64_t stretch() const {
    if (!even()) return 16;
    return scales_ == nullptr || last_ == 0 ? (cols_ + 15) / 16 * 16 : block_;
  }

 private:
  const float* scales_ = nullptr;
  int64_t cols_ = 0, block_ = 1, last_ = 0;
};

}  // namespace
}  // namespace nety::kernels
