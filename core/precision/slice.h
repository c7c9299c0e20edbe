// Parts of a matrix, for a process that has a share of it.
#pragma once

#include "core/precision/mode.h"

namespace nety::precision {

/// Rows [first, first + count), where they lie. Error: kUsage where a 4-bit block, or a block of
/// nested scales, would be cut: those cross rows.
MatrixView rows_of(const MatrixView& matrix, int64_t first, int64_t count);

/// Columns [first, first + count), copied row by row: the same bits, without what lies between.
/// Error: kUsage where a group of the mode would be cut, and for 4-bit matrices.
Matrix columns_of(const MatrixView& matrix, int64_t first, int64_t count);

}  // namespace nety::precision
