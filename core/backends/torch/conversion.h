// From any mode to any other by the modes' own functions, so that a mode means the same here as
// everywhere; in parallel, by rows.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>

#include "core/precision/mode.h"

namespace nety::torch_backend {

/// Rows converted at a time by one thread: enough to amortise, little enough to stay in the cache.
inline constexpr int64_t kChunkWeights = int64_t{1} << 16;

/// Calls convert(first, last) for row ranges of whole grains, in parallel.
template <class Convert>
void for_row_chunks(int64_t rows, int64_t cols, int64_t grain, const Convert& convert) {
  const int64_t wanted = std::max<int64_t>(1, kChunkWeights / std::max<int64_t>(1, cols));
  const int64_t step = (wanted + grain - 1) / grain * grain;
  const int64_t chunks = (rows + step - 1) / step;
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk)
      convert(chunk * step, std::min(rows, (chunk + 1) * step));
  });
}

/// The source's weights quantised to `mode`. Errors: kUsage for a mode that only exists as stored
/// in a file, or whose groups do not divide the columns.
precision::Matrix make_matrix(const precision::MatrixView& source, const precision::Mode& mode);

/// The weights as [rows, cols] of kFloat or kBFloat16, in memory of ATen's.
at::Tensor dequantised(const precision::MatrixView& view, at::ScalarType type);

}  // namespace nety::torch_backend
