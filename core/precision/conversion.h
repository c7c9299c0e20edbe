// Weights of one mode into another, by the modes' own functions, so that a mode means the same in
// every backend.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/thread_pool.h"
#include "core/precision/mode.h"

namespace nety::precision {

/// A faster way to the bits that ModeFunctions::quantise gives, for rows [first, last) of fp32
/// weights. False: it cannot, and has written nothing that matters.
using RowQuantiser = std::function<bool(const float* w, int64_t first, int64_t last, Matrix&)>;

/// One matrix under conversion; who has threads shares out its rows.
class Conversion {
 public:
  /// Errors: kUsage for a mode that only exists as stored in a file, or columns that its groups do
  /// not divide.
  Conversion(const MatrixView& source, ModeId target, RowQuantiser fast = nullptr);

  int64_t row_count() const { return source_.rows; }
  /// Ranges begin at multiples of so many rows.
  int64_t grain() const;
  /// Converts rows [first, last). Different ranges may be converted at the same time.
  void rows(int64_t first, int64_t last);
  /// What was made, once all rows are.
  Matrix take();

 private:
  void quantise(int64_t first, int64_t last, float* buffer);

  MatrixView source_;
  const ModeFunctions& from_;
  const ModeFunctions& to_;
  RowQuantiser fast_;
  bool in_place_;  // the source's rows are fp32 already
  Matrix matrix_;
};

/// Checks row `row` of a format of blocks by the values that it was dequantised to: its codes are
/// integers, so that a value that is no finite number comes of such a scale. Error: kCheckpoint
/// naming row and column. Other formats' rows may have any values.
void check_blocks(const MatrixView& matrix, int64_t row, const float* values);

/// The whole of it, by all threads of `pool`. An error of any is thrown after all have ended.
Matrix convert(const MatrixView& source, ModeId target, ThreadPool& pool,
               RowQuantiser fast = nullptr);

}  // namespace nety::precision
