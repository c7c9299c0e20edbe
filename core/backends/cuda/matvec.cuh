// What the matrix-vector kernels share: which rows a warp has, and what becomes of their sums.
#pragma once

#include "core/backends/cuda/portable.cuh"

namespace nety::cuda {

constexpr int kMatvecThreads = 256;
constexpr int kMatvecWarps = kMatvecThreads / kWarp;
/// Bytes of activations in shared memory, all tokens together: below what every device has.
constexpr int kTileBytes = 32768;

/// The rows of one warp. Groups of warps that split a row's columns have the same ones.
struct WarpRows {
  int lane, warp;
  int part;       ///< Which part of the columns: pieces part, part + split, ... of 32 chunks.
  int segment;    ///< -1: there is nothing left for this warp.
  int first_row;  ///< In that segment; rows past its end are read as its last and not stored.
};

/// How many rows of outputs a warp of `rows` weight rows makes: half of them where two matrices
/// meet in one output.
__host__ __device__ __forceinline__ int outputs_of(Epilogue epilogue, int rows) {
  return epilogue == Epilogue::kSilu ? rows / 2 : rows;
}

/// Groups of rows over all segments.
__host__ __device__ __forceinline__ int64_t row_groups(const MatvecArgs& a, int rows) {
  const int outputs = outputs_of(a.epilogue, rows);
  if (a.epilogue == Epilogue::kSilu) return pieces(a.segments[0].w.rows, outputs);
  int64_t groups = 0;
  for (int s = 0; s < a.segment_count; ++s) groups += pieces(a.segments[s].w.rows, outputs);
  return groups;
}

/// Where group number `group` of `rows` rows is.
__device__ __forceinline__ void find_rows(const MatvecArgs& a, int64_t group, int rows,
                                          WarpRows& at) {
  const int outputs = outputs_of(a.epilogue, rows);
  const int segments = a.epilogue == Epilogue::kSilu ? 1 : a.segment_count;
  at.segment = -1;
  at.first_row = 0;
  for (int s = 0; s < segments; ++s) {
    const int64_t groups = pieces(a.segments[s].w.rows, outputs);
    if (group < groups) {
      at.segment = s;
      at.first_row = static_cast<int>(group) * outputs;
      break;
    }
    group -= groups;
  }
}

__device__ __forceinline__ WarpRows rows_of_warp(const MatvecArgs& a, int rows) {
  WarpRows at;
  at.lane = static_cast<int>(threadIdx.x) % kWarp;
  at.warp = static_cast<int>(threadIdx.x) / kWarp;
  at.part = at.warp % a.split;
  find_rows(a, static_cast<int64_t>(blockIdx.x) * (kMatvecWarps / a.split) + at.warp / a.split,
            rows, at);
  return at;
}

/// The matrix and row that is number `i` of the warp's `rows`.
__device__ __forceinline__ const Matrix& matrix_of(const MatvecArgs& a, const WarpRows& at, int i,
                                                   int rows) {
  const bool second = a.epilogue == Epilogue::kSilu && i >= rows / 2;
  return a.segments[second ? 1 : at.segment].w;
}
__device__ __forceinline__ int row_of(const MatvecArgs& a, const WarpRows& at, int i, int rows) {
  const int inside = a.epilogue == Epilogue::kSilu ? i % (rows / 2) : i;
  const int row = at.first_row + inside;
  const int last = matrix_of(a, at, i, rows).rows - 1;
  return row < last ? row : last;
}

/// 1 / rms of each token's x, by all threads of the block: `of_warps` [kMatvecWarps].
__device__ __forceinline__ void inverse_rms(const MatvecArgs& a, float* of_warps, float* inverse) {
  const int cols = a.segments[0].w.cols;
  const int sharing = a.tokens == 1 ? 8 : a.tokens == 2 ? 4 : a.tokens <= 4 ? 2 : 1;  // warps
  const int thread = static_cast<int>(threadIdx.x);
  if (const int m = thread / (kWarp * sharing); m < a.tokens) {
    const float* x = a.x + static_cast<int64_t>(m) * cols;
    float squares = 0.0F;
#pragma unroll 8
    for (int k = thread % (kWarp * sharing); k < cols; k += kWarp * sharing)
      squares = fmaf(x[k], x[k], squares);
    squares = warp_sum(squares);
    if (thread % kWarp == 0) of_warps[thread / kWarp] = squares;
  }
  __syncthreads();
  if (const int m = thread; m < a.tokens) {
    float total = 0.0F;
    for (int w = 0; w < sharing; ++w) total += of_warps[m * sharing + w];
    inverse[m] = 1.0F / sqrtf(total / static_cast<float>(cols) + a.eps);
  }
  __syncthreads();
}

/// Columns [col, col + 4) of a row of x, zero past its end.
__device__ __forceinline__ Float4 four_of(const float* x, int col, int cols) {
  if (cols % 4 == 0 && col < cols) return *reinterpret_cast<const Float4*>(x + col);
  Float4 four{};
  for (int e = 0; e < 4; ++e)
    if (col + e < cols) four.value[e] = x[col + e];
  return four;
}

/// Stores output `i` of the warp for token `m`: `first` and `second` are the sums of its rows i and
/// i + rows/2, of which only kSilu wants the second.
__device__ __forceinline__ void store_output(const MatvecArgs& a, const WarpRows& at, int i, int m,
                                             float first, float second) {
  const Segment& segment = a.segments[at.segment];
  const int row = at.first_row + i;
  if (row >= segment.w.rows || m >= a.tokens) return;
  float value = first;
  if (segment.bias != nullptr) value += segment.bias[row];
  if (a.epilogue == Epilogue::kSilu) {
    const float* bias = a.segments[1].bias;
    value = silu(value) * (bias == nullptr ? second : second + bias[row]);
  }
  float* y = segment.y + static_cast<int64_t>(m) * segment.w.rows + row;
  *y = a.epilogue == Epilogue::kAdd ? *y + value : value;
}

}  // namespace nety::cuda
