// What the two 16-bit float modes share: storage of two bytes per weight.
#pragma once

#include "core/precision/mode.h"

namespace nety::precision {

uint64_t half_bytes(int64_t rows, int64_t cols);
int64_t half_grain(int64_t cols);
const uint16_t* half_row(const MatrixView& matrix, int64_t row);
uint16_t* half_row(Matrix& matrix, int64_t row);
Matrix allocate_halves(ModeId mode, int64_t rows, int64_t cols);

/// Throws kCheckpoint if a finite weight of rows [first, last) has a magnitude whose bits are at
/// least `overflow_bits`: it would become an infinity. Infinities and NaNs pass: they are as they
/// were.
void refuse_overflow(const float* weights, int64_t first, int64_t last, int32_t overflow_bits,
                     const Matrix& matrix);

}  // namespace nety::precision
