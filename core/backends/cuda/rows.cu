// What is done to each token by itself: embedding, norm, rounding for int8 products, and the
// elementwise steps around matrix products.
#include "core/backends/cuda/portable.cuh"

namespace nety::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr float kOutlierThreshold = 6.0F;  // precision::kOutlierThreshold

/// The weight at a row and column of a matrix of any format.
__device__ __forceinline__ float weight_at(const Matrix& w, int64_t row, int col) {
  const auto* bytes = static_cast<const uint8_t*>(w.codes) + row * w.pitch;
  switch (w.format) {
    case Format::kFp32:
      return reinterpret_cast<const float*>(bytes)[col];
    case Format::kBf16:
      return float_from_bf16_bits(reinterpret_cast<const uint16_t*>(bytes)[col]);
    case Format::kFp16:
      return float_from_fp16_bits(reinterpret_cast<const uint16_t*>(bytes)[col]);
    case Format::kInt8:
      return (static_cast<float>(reinterpret_cast<const int8_t*>(bytes)[col]) * w.scales[row]) *
             (1.0F / 127.0F);
    default:
      break;
  }
  const uint32_t pair = bytes[col / 2];
  const uint32_t code = col % 2 == 0 ? pair >> 4 : pair & 15U;
  return w.book[code] * absmax_of(w, (row * w.cols + col) >> w.block_shift);
}

/// Sum of each thread's value over the block; every thread gets it.
__device__ __forceinline__ float block_sum(float value, float* of_warps) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const float sum = warp_sum(value);
  if (lane == 0) of_warps[threadIdx.x / kWarp] = sum;
  __syncthreads();
  float total = 0.0F;
  for (int w = 0; w < kWarps; ++w) total += of_warps[w];
  return total;
}

__global__ void __launch_bounds__(kThreads) embed_kernel(const __grid_constant__ EmbedArgs a) {
  begin_after_the_last();
  const int64_t t = blockIdx.x;
  for (int k = static_cast<int>(threadIdx.x); k < a.table.cols; k += kThreads)
    a.x[t * a.table.cols + k] = weight_at(a.table, a.tokens[t], k) * a.scale;
}

/// 1 / rms of x [dim], by all threads of the block.
__device__ __forceinline__ float inverse_rms(const float* x, int dim, float eps, float* of_warps) {
  float squares = 0.0F;
  for (int k = static_cast<int>(threadIdx.x); k < dim; k += kThreads)
    squares = fmaf(x[k], x[k], squares);
  return 1.0F / sqrtf(block_sum(squares, of_warps) / static_cast<float>(dim) + eps);
}

__global__ void __launch_bounds__(kThreads) rms_norm_kernel(const __grid_constant__ NormArgs a) {
  begin_after_the_last();
  NETY_SHARED(float, of_warps, kWarps);
  const int64_t t = blockIdx.x;
  const float* x = a.x + (a.rows == nullptr ? t : int64_t{a.rows[t]}) * a.dim;
  const float scale = inverse_rms(x, a.dim, a.eps, of_warps);
  for (int k = static_cast<int>(threadIdx.x); k < a.dim; k += kThreads)
    a.y[t * a.dim + k] = a.w[k] * (x[k] * scale);
}

__global__ void __launch_bounds__(kThreads)
    layer_norm_kernel(const __grid_constant__ LayerNormArgs a) {
  begin_after_the_last();
  NETY_SHARED(float, sums_of_warps, kWarps);
  NETY_SHARED(float, squares_of_warps, kWarps);
  const NormArgs& n = a.norm;
  const int64_t t = blockIdx.x;
  const float* x = n.x + (n.rows == nullptr ? t : int64_t{n.rows[t]}) * n.dim;
  float sum = 0.0F;
  for (int k = static_cast<int>(threadIdx.x); k < n.dim; k += kThreads) sum += x[k];
  const float mean = block_sum(sum, sums_of_warps) / static_cast<float>(n.dim);
  float squares = 0.0F;
  for (int k = static_cast<int>(threadIdx.x); k < n.dim; k += kThreads)
    squares = fmaf(x[k] - mean, x[k] - mean, squares);
  const float scale =
      1.0F / sqrtf(block_sum(squares, squares_of_warps) / static_cast<float>(n.dim) + n.eps);
  for (int k = static_cast<int>(threadIdx.x); k < n.dim; k += kThreads)
    n.y[t * n.dim + k] = n.w[k] * ((x[k] - mean) * scale) + (a.bias == nullptr ? 0.0F : a.bias[k]);
}

__global__ void __launch_bounds__(kThreads) add_kernel(const __grid_constant__ AddArgs a) {
  begin_after_the_last();
  NETY_SHARED(float, of_warps, kWarps);
  const int64_t t = blockIdx.x;
  const float* y = a.y + t * a.dim;
  float* x = a.x + t * a.dim;
  const float inverse = a.w == nullptr ? 1.0F : inverse_rms(y, a.dim, a.eps, of_warps);
  for (int k = static_cast<int>(threadIdx.x); k < a.dim; k += kThreads)
    x[k] += a.scale * (a.w == nullptr ? y[k] : a.w[k] * (y[k] * inverse));
}

/// How many of the threads before this one's flags are set, and of all: outliers keep their order.
__device__ __forceinline__ int rank_in_block(int count, int* of_warps, int* total) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  int sum = count;  // of this lane and those before it
  for (int step = 1; step < kWarp; step *= 2) {
    const int before = __shfl_up_sync(kAllLanes, sum, static_cast<unsigned>(step));
    if (lane >= step) sum += before;
  }
  if (lane == kWarp - 1) of_warps[warp] = sum;
  __syncthreads();
  int before_warp = 0, all = 0;
  for (int w = 0; w < kWarps; ++w) {
    if (w < warp) before_warp += of_warps[w];
    all += of_warps[w];
  }
  *total = all;
  return before_warp + sum - count;
}

// Each thread has a run of columns, so that outliers are found in ascending order.
__global__ void __launch_bounds__(kThreads)
    quantise_rows_kernel(const __grid_constant__ QuantiseArgs a) {
  begin_after_the_last();
  NETY_SHARED(float, squares_of_warps, kWarps);
  NETY_SHARED(float, largest_of_warps, kWarps);
  NETY_SHARED(int, bad_of_warps, kWarps);
  NETY_SHARED(int, outliers_of_warps, kWarps);
  const int64_t t = blockIdx.x;
  const float* x = a.x + t * a.cols;
  if (a.norm != nullptr) {
    const float scale = inverse_rms(x, a.cols, a.eps, squares_of_warps);
    float* normalised = a.normalised + t * a.cols;
    for (int k = static_cast<int>(threadIdx.x); k < a.cols; k += kThreads)
      normalised[k] = a.norm[k] * (x[k] * scale);
    __syncthreads();
    x = normalised;
  }
  const int run = static_cast<int>(pieces(a.cols, kThreads));
  const int begin = static_cast<int>(threadIdx.x) * run;
  const int end = begin + run < a.cols ? begin + run : a.cols;
  float largest = 0.0F;
  int outliers = 0, bad = 0;
  for (int k = begin; k < end; ++k) {
    const float h = fabsf(float_from_fp16_bits(fp16_bits(x[k])));
    if (h >= kOutlierThreshold)
      ++outliers;
    else if (h < kOutlierThreshold)
      largest = fmaxf(largest, h);
    else
      bad = 1;  // not a number
  }
  largest = warp_max(largest);
  bad = warp_sum(bad);
  if (threadIdx.x % kWarp == 0) {
    largest_of_warps[threadIdx.x / kWarp] = largest;
    bad_of_warps[threadIdx.x / kWarp] = bad;
  }
  int total = 0;
  int at = rank_in_block(outliers, outliers_of_warps, &total);  // synchronises
  for (int w = 0; w < kWarps; ++w) {
    largest = fmaxf(largest, largest_of_warps[w]);
    bad += bad_of_warps[w];
  }
  const float inverse = bad == 0 && largest > 0.0F ? (1.0F / largest) * 127.0F : 0.0F;
  for (int k = begin; k < end; ++k) {
    const float h = float_from_fp16_bits(fp16_bits(x[k]));
    const bool outlier = fabsf(h) >= kOutlierThreshold;
    const bool coded = !outlier && inverse > 0.0F;
    a.out.codes[t * a.out.pitch + k] = static_cast<int8_t>(coded ? rintf(h * inverse) : 0.0F);
    if (outlier) a.out.outliers[t * a.out.pitch + at++] = k;
  }
  for (int64_t k = a.cols + static_cast<int>(threadIdx.x); k < a.out.pitch; k += kThreads)
    a.out.codes[t * a.out.pitch + k] = 0;
  if (threadIdx.x == 0) {
    a.out.outlier_counts[t] = total;
    a.out.scales[t] = bad == 0 ? largest : __uint_as_float(0x7fc00000U);
  }
}

__global__ void __launch_bounds__(kThreads) silu_kernel(const __grid_constant__ SiluArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < a.count) a.h[i] = silu(a.h[i]) * a.u[i];
}

__global__ void __launch_bounds__(kThreads) gelu_kernel(const __grid_constant__ SiluArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= a.count) return;
  const float x = a.h[i];
  const float twice = 1.5957691216057308F * (x + 0.044715F * x * x * x);  // of sqrt(2 / pi) ...
  const float gelu = x / (1.0F + expf(-twice));
  a.h[i] = a.u == nullptr ? gelu : gelu * a.u[i];
}

__global__ void __launch_bounds__(kThreads) cap_kernel(const __grid_constant__ CapArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= a.count) return;
  const float x = a.x[i] * a.scale;
  a.x[i] = a.cap > 0.0F ? a.cap * tanhf(x / a.cap) : x;
}

__global__ void __launch_bounds__(kThreads)
    scale_rows_kernel(const __grid_constant__ RowScaleArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < static_cast<int64_t>(a.count) * a.width) a.x[i] *= a.factors[i / a.width];
}

__global__ void __launch_bounds__(kThreads)
    clamped_silu_kernel(const __grid_constant__ ClampedSiluArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= a.pair.count) return;
  const float g = fminf(a.pair.h[i], a.limit);
  const float u = fminf(fmaxf(a.pair.u[i], -a.limit), a.limit);
  a.pair.h[i] = g / (1.0F + expf(-1.702F * g)) * (u + 1.0F);
}

__global__ void __launch_bounds__(kThreads) gather_kernel(const __grid_constant__ GatherArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= static_cast<int64_t>(a.count) * a.width) return;
  a.y[i] = a.x[static_cast<int64_t>(a.rows[i / a.width]) * a.width + i % a.width];
}

__global__ void __launch_bounds__(kThreads) scatter_kernel(const __grid_constant__ ScatterArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= static_cast<int64_t>(a.count) * a.width) return;
  const int64_t t = i / a.width;
  a.x[static_cast<int64_t>(a.rows[t]) * a.width + i % a.width] += a.factors[t] * a.y[i];
}

__global__ void __launch_bounds__(kThreads) bias_kernel(const __grid_constant__ BiasArgs a) {
  begin_after_the_last();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < static_cast<int64_t>(a.count) * a.width) a.y[i] += a.bias[i % a.width];
}

/// What fp16 can hold of a large activation; the rest goes into the lower half.
__device__ __forceinline__ float clamped(float x) {
  constexpr float kMost = 65504.0F;
  return x > kMost ? kMost : x < -kMost ? -kMost : x;
}

__global__ void __launch_bounds__(kThreads) narrow_kernel(const __grid_constant__ NarrowArgs a) {
  begin_after_the_last();
  const int64_t t = blockIdx.x;
  for (int64_t k = threadIdx.x; k < a.pitch; k += kThreads) {
    const float x = k < a.cols ? a.x[t * a.cols + k] : 0.0F;
    if (a.low == nullptr) {
      a.high[t * a.pitch + k] = static_cast<uint16_t>(bf16_bits(x));
      continue;
    }
    const uint16_t high = fp16_bits(clamped(x));
    a.high[t * a.pitch + k] = high;
    a.low[t * a.pitch + k] = fp16_bits(x - float_from_fp16_bits(high));
  }
}

// Eight weights a thread: one word of codes.
__global__ void __launch_bounds__(kThreads)
    dequantise_kernel(const __grid_constant__ DequantiseArgs a) {
  begin_after_the_last();
  const int64_t words = a.w.cols / 8;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= words * a.count) return;
  const int64_t row = a.first + i / words, col = i % words * 8;
  const auto* codes = static_cast<const uint8_t*>(a.w.codes) + row * a.w.pitch;
  const uint32_t bits = *reinterpret_cast<const uint32_t*>(codes + col / 2);
  const float absmax = absmax_of(a.w, (row * a.w.cols + col) >> a.w.block_shift);
  float values[8];
  for (int pair = 0; pair < 4; ++pair) {
    values[2 * pair] = a.w.book[(bits >> (8 * pair + 4)) & 15U] * absmax;
    values[2 * pair + 1] = a.w.book[(bits >> (8 * pair)) & 15U] * absmax;
  }
  auto* out = static_cast<uint8_t*>(a.panel) + i / words * a.pitch;
  if (a.w.format == Format::kFourBit) {
    for (int e = 0; e < 8; ++e) reinterpret_cast<float*>(out)[col + e] = values[e];
    return;
  }
  Vec16 rounded;
  for (int pair = 0; pair < 4; ++pair)
    rounded.word[pair] = bf16_bits(values[2 * pair]) | bf16_bits(values[2 * pair + 1]) << 16;
  *reinterpret_cast<Vec16*>(out + 2 * col) = rounded;
}

unsigned blocks_for(int64_t count) { return static_cast<unsigned>(pieces(count, kThreads)); }
dim3 one_each(int32_t count) { return dim3(static_cast<unsigned>(count)); }

}  // namespace

void embed(Stream stream, const EmbedArgs& a) {
  NETY_LAUNCH(embed_kernel, one_each(a.count), dim3(kThreads), 0, stream, a);
}

void rms_norm(Stream stream, const NormArgs& a) {
  NETY_LAUNCH(rms_norm_kernel, one_each(a.count), dim3(kThreads), 0, stream, a);
}

void layer_norm(Stream stream, const LayerNormArgs& a) {
  NETY_LAUNCH(layer_norm_kernel, one_each(a.norm.count), dim3(kThreads), 0, stream, a);
}

void add_scaled(Stream stream, const AddArgs& a) {
  NETY_LAUNCH(add_kernel, one_each(a.count), dim3(kThreads), 0, stream, a);
}

void quantise_rows(Stream stream, const QuantiseArgs& a) {
  NETY_LAUNCH(quantise_rows_kernel, one_each(a.count), dim3(kThreads), 0, stream, a);
}

void silu_multiply(Stream stream, const SiluArgs& a) {
  NETY_LAUNCH(silu_kernel, dim3(blocks_for(a.count)), dim3(kThreads), 0, stream, a);
}

void gelu_multiply(Stream stream, const SiluArgs& a) {
  NETY_LAUNCH(gelu_kernel, dim3(blocks_for(a.count)), dim3(kThreads), 0, stream, a);
}

void scale_and_cap(Stream stream, const CapArgs& a) {
  NETY_LAUNCH(cap_kernel, dim3(blocks_for(a.count)), dim3(kThreads), 0, stream, a);
}

void scale_rows(Stream stream, const RowScaleArgs& a) {
  const unsigned blocks = blocks_for(static_cast<int64_t>(a.count) * a.width);
  NETY_LAUNCH(scale_rows_kernel, dim3(blocks), dim3(kThreads), 0, stream, a);
}

void clamped_silu_multiply(Stream stream, const ClampedSiluArgs& a) {
  NETY_LAUNCH(clamped_silu_kernel, dim3(blocks_for(a.pair.count)), dim3(kThreads), 0, stream, a);
}

void gather_rows(Stream stream, const GatherArgs& a) {
  const unsigned blocks = blocks_for(static_cast<int64_t>(a.count) * a.width);
  NETY_LAUNCH(gather_kernel, dim3(blocks), dim3(kThreads), 0, stream, a);
}

void add_to_rows(Stream stream, const ScatterArgs& a) {
  const unsigned blocks = blocks_for(static_cast<int64_t>(a.count) * a.width);
  NETY_LAUNCH(scatter_kernel, dim3(blocks), dim3(kThreads), 0, stream, a);
}

void add_bias(Stream stream, const BiasArgs& a) {
  const unsigned blocks = blocks_for(static_cast<int64_t>(a.count) * a.width);
  NETY_LAUNCH(bias_kernel, dim3(blocks), dim3(kThreads), 0, stream, a);
}

void narrow(Stream stream, const NarrowArgs& a) {
  NETY_LAUNCH(narrow_kernel, one_each(a.count), dim3(kThreads), 0, stream, a);
}

void dequantise(Stream stream, const DequantiseArgs& a) {
  const unsigned blocks = blocks_for(static_cast<int64_t>(a.w.cols / 8) * a.count);
  NETY_LAUNCH(dequantise_kernel, dim3(blocks), dim3(kThreads), 0, stream, a);
}

}  // namespace nety::cuda
