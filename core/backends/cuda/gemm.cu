// Products for many tokens without cuBLAS: tiles of 64 tokens by 64 rows in shared memory. Simple,
// and much slower than tensor cores.
#include "core/backends/cuda/portable.cuh"

namespace nety::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 64;   // tokens and rows of a block
constexpr int kDepth = 32;  // columns at a time
constexpr int kEach = 4;    // a thread has 4 tokens by 4 rows
constexpr int kPitch = kTile + 4;

template <Format format>
__device__ __forceinline__ float panel_weight(const Matrix& w, int64_t row, int col) {
  const auto* bytes = static_cast<const uint8_t*>(w.codes) + row * w.pitch;
  if constexpr (format == Format::kFp32) return reinterpret_cast<const float*>(bytes)[col];
  const uint16_t half = reinterpret_cast<const uint16_t*>(bytes)[col];
  return format == Format::kBf16 ? float_from_bf16_bits(half) : float_from_fp16_bits(half);
}

template <Format format>
__global__ void __launch_bounds__(kThreads, 2) gemm_kernel(const __grid_constant__ GemmArgs a) {
  begin_after_the_last();
  NETY_SHARED(float, ws, kDepth* kPitch);  // [column][row]
  NETY_SHARED(float, xs, kDepth* kPitch);  // [column][token]
  const int first_row = static_cast<int>(blockIdx.x) * kTile;
  const int first_token = static_cast<int>(blockIdx.y) * kTile;
  const int thread = static_cast<int>(threadIdx.x);
  const int my_row = thread % (kTile / kEach) * kEach, my_token = thread / (kTile / kEach) * kEach;
  float sum[kEach][kEach] = {};
  for (int begin = 0; begin < a.w.cols; begin += kDepth) {
    for (int i = thread; i < kTile * kDepth; i += kThreads) {
      const int k = i % kDepth, n = i / kDepth;
      const int col = begin + k, row = first_row + n, token = first_token + n;
      const bool inside = col < a.w.cols;
      float x =
          inside && token < a.tokens ? a.x[static_cast<int64_t>(token) * a.w.cols + col] : 0.0F;
      if constexpr (format == Format::kBf16) x = round_to_bf16(x);
      xs[k * kPitch + n] = x;
      ws[k * kPitch + n] = inside && row < a.w.rows ? panel_weight<format>(a.w, row, col) : 0.0F;
    }
    __syncthreads();
    for (int k = 0; k < kDepth; ++k) {
      float w[kEach], x[kEach];
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
        w[i] = ws[k * kPitch + my_row + i];
        x[i] = xs[k * kPitch + my_token + i];
      }
#pragma unroll
      for (int t = 0; t < kEach; ++t)
#pragma unroll
        for (int n = 0; n < kEach; ++n) sum[t][n] = fmaf(x[t], w[n], sum[t][n]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int t = 0; t < kEach; ++t)
#pragma unroll
    for (int n = 0; n < kEach; ++n) {
      const int token = first_token + my_token + t, row = first_row + my_row + n;
      if (token >= a.tokens || row >= a.w.rows) continue;
      float* y = a.y + token * a.y_stride + row;
      *y = a.add ? *y + sum[t][n] : sum[t][n];
    }
}

/// A product in LLM.int8() from its integer sum: the scales, and the outliers one by one, which are
/// few.
__device__ __forceinline__ float int8_product(const Matrix& w, const Int8Rows& rows, const float* x,
                                              int64_t token, int64_t row, int32_t sum) {
  const float scale = w.scales[row];
  const int32_t* outliers = rows.outliers + token * rows.pitch;
  const auto* codes = static_cast<const int8_t*>(w.codes) + row * w.pitch;
  float exact = 0.0F;
  for (int j = 0; j < rows.outlier_counts[token]; ++j)
    exact += x[token * w.cols + outliers[j]] *
             ((static_cast<float>(codes[outliers[j]]) * scale) * (1.0F / 127.0F));
  return static_cast<float>(sum) * (rows.scales[token] * scale) * (1.0F / 16129.0F) + exact;
}

// The same tiles in words of four codes.
constexpr int kWords = 8;  // of four columns, at a time

__global__ void __launch_bounds__(kThreads)
    gemm_int8_kernel(const __grid_constant__ GemmInt8Args a) {
  begin_after_the_last();
  NETY_SHARED(int32_t, ws, kWords * kPitch);
  NETY_SHARED(int32_t, xs, kWords * kPitch);
  const int first_row = static_cast<int>(blockIdx.x) * kTile;
  const int first_token = static_cast<int>(blockIdx.y) * kTile;
  const int thread = static_cast<int>(threadIdx.x);
  const int my_row = thread % (kTile / kEach) * kEach, my_token = thread / (kTile / kEach) * kEach;
  const auto* codes = static_cast<const uint8_t*>(a.w.codes);
  int32_t sum[kEach][kEach] = {};
  // Rows of both are padded with zeros to whole pieces of 16 codes; those of x may be longer.
  for (int64_t begin = 0; begin < a.w.pitch; begin += 4 * kWords) {
    for (int i = thread; i < kTile * kWords; i += kThreads) {
      const int k = i % kWords, n = i / kWords;
      const int64_t at = begin + 4 * k, row = first_row + n, token = first_token + n;
      const bool inside = at < a.w.pitch;
      xs[k * kPitch + n] =
          inside && token < a.tokens
              ? *reinterpret_cast<const int32_t*>(a.rows.codes + token * a.rows.pitch + at)
              : 0;
      ws[k * kPitch + n] = inside && row < a.w.rows
                               ? *reinterpret_cast<const int32_t*>(codes + row * a.w.pitch + at)
                               : 0;
    }
    __syncthreads();
    for (int k = 0; k < kWords; ++k)
#pragma unroll
      for (int t = 0; t < kEach; ++t)
#pragma unroll
        for (int n = 0; n < kEach; ++n)
          sum[t][n] = __dp4a(ws[k * kPitch + my_row + n], xs[k * kPitch + my_token + t], sum[t][n]);
    __syncthreads();
  }
#pragma unroll
  for (int t = 0; t < kEach; ++t)
#pragma unroll
    for (int n = 0; n < kEach; ++n) {
      const int64_t token = first_token + my_token + t, row = first_row + my_row + n;
      if (token >= a.tokens || row >= a.w.rows) continue;
      const float value = int8_product(a.w, a.rows, a.x, token, row, sum[t][n]);
      float* y = a.y + token * a.w.rows + row;
      *y = a.add ? *y + value : value;
    }
}

__global__ void __launch_bounds__(kThreads)
    finish_int8_kernel(const __grid_constant__ FinishInt8Args a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t rows = a.w.rows;
  if (i >= rows * a.tokens) return;
  const float value = int8_product(a.w, a.rows, a.x, i / rows, i % rows, a.sums[i]);
  a.y[i] = a.add ? a.y[i] + value : value;
}

dim3 tiles(int32_t rows, int32_t tokens) {
  return dim3(static_cast<unsigned>(pieces(rows, kTile)),
              static_cast<unsigned>(pieces(tokens, kTile)));
}

}  // namespace

void gemm(Stream stream, const GemmArgs& a) {
  const dim3 grid = tiles(a.w.rows, a.tokens);
  if (a.w.format == Format::kFp32)
    NETY_LAUNCH((gemm_kernel<Format::kFp32>), grid, dim3(kThreads), 0, stream, a);
  else if (a.w.format == Format::kBf16)
    NETY_LAUNCH((gemm_kernel<Format::kBf16>), grid, dim3(kThreads), 0, stream, a);
  else
    NETY_LAUNCH((gemm_kernel<Format::kFp16>), grid, dim3(kThreads), 0, stream, a);
}

void finish_int8(Stream stream, const FinishInt8Args& a) {
  const auto blocks =
      static_cast<unsigned>(pieces(static_cast<int64_t>(a.w.rows) * a.tokens, kThreads));
  NETY_LAUNCH(finish_int8_kernel, dim3(blocks), dim3(kThreads), 0, stream, a);
}

void gemm_int8(Stream stream, const GemmInt8Args& a) {
  NETY_LAUNCH(gemm_int8_kernel, tiles(a.w.rows, a.tokens), dim3(kThreads), 0, stream, a);
}

}  // namespace nety::cuda
