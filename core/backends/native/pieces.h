// How rows of weights are cut into the pieces that threads claim.
#pragma once

#include "core/backends/native/linear.h"
#include "core/base/thread_pool.h"
#include "core/kernels/packed.h"

namespace nety::native {

/// Pieces begin at multiples of this: whole panels of packed rows.
inline constexpr int64_t kRowGrain = kernels::kPackRows;

/// Pieces of `rows` rows of `cols` columns, multiplied with `tokens` tokens: 0 for no rows. Their
/// bits do not depend on how they are cut. A piece is long enough that claiming it costs nothing
/// beside it and its rows are a stream, and so short that waiting for the last one is short.
int64_t pieces_of_rows(int64_t rows, int64_t cols, int64_t tokens, const ThreadPool& pool);

}  // namespace nety::native
