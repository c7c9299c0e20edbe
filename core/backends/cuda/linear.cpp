// A few tokens: weights in place by matrix-vector kernels. Many: cuBLAS, or tiles of our own where
// there is none, 4-bit weights by panels of unpacked rows, int8 always by our own tiles.
#include "core/backends/cuda/linear.h"

#include <algorithm>

namespace nety::cuda {
namespace {

/// Warps per multiprocessor that saturate its memory, if there are enough rows.
constexpr int64_t kWarpsPerProcessor = 16;

bool same_format(std::span<const Segment> segments) {
  return std::ranges::all_of(
      segments, [&](const Segment& segment) { return segment.w.format == segments[0].w.format; });
}

int32_t weights_per_piece(Format format) {
  switch (format) {
    case Format::kFp32:
      return 4;
    case Format::kBf16:
    case Format::kFp16:
      return 8;
    case Format::kInt8:
      return 16;
    default:
      return 32;
  }
}

bool is_float(Format format) {
  return format == Format::kFp32 || format == Format::kBf16 || format == Format::kFp16;
}

int64_t element_bytes(Format panel) { return panel == Format::kFp32 ? 4 : 2; }

}  // namespace

const float* Linear::normalised(const float* x, int32_t tokens, int32_t cols,
                                const Norm& norm) const {
  if (norm.weights == nullptr) return x;
  rms_norm(device_.stream(), {x, norm.weights, nullptr, workspace_.n, tokens, cols, norm.eps});
  return workspace_.n;
}

void Linear::multiply(std::span<const Segment> segments, const float* x, int32_t tokens,
                      Epilogue epilogue, const Norm& norm) const {
  if (!same_format(segments)) {
    x = normalised(x, tokens, segments[0].w.cols, norm);
    for (const Segment& segment : segments)
      multiply({&segment, 1}, x, tokens, epilogue == Epilogue::kSilu ? Epilogue::kStore : epilogue);
    if (epilogue == Epilogue::kSilu)
      silu_multiply(device_.stream(), {segments[0].y, segments[1].y,
                                       static_cast<int64_t>(tokens) * segments[0].w.rows});
    return;
  }
  const Matrix& w = segments[0].w;
  if (w.format == Format::kInt8) {
    quantise_rows(device_.stream(),
                  {x, tokens, w.cols, workspace_.rows, norm.weights, norm.eps, workspace_.n});
    if (norm.weights != nullptr) x = workspace_.n;
  }
  if (tokens < kManyTokens)
    return few(segments, x, tokens, epilogue, w.format == Format::kInt8 ? Norm{} : norm);
  if (w.format != Format::kInt8) x = normalised(x, tokens, w.cols, norm);
  for (const Segment& segment : segments) many(segment, x, tokens, epilogue == Epilogue::kAdd);
  if (epilogue == Epilogue::kSilu)
    silu_multiply(device_.stream(),
                  {segments[0].y, segments[1].y, static_cast<int64_t>(tokens) * w.rows});
}

// More warps on a row where there are too few rows to keep the device busy.
int32_t Linear::split_of(const MatvecArgs& args) const {
  const Matrix& w = args.segments[0].w;
  const int32_t rows = matvec_rows_per_warp(w.format);
  int64_t warps = 0;
  for (int32_t s = 0; s < args.segment_count; ++s)
    warps += (args.segments[s].w.rows + rows - 1) / rows;
  const int64_t lanes_busy = w.cols / weights_per_piece(w.format) / 32;
  // With many 4-bit tokens few columns fit shared memory, so more warps would only wait.
  const int32_t most = weights_per_piece(w.format) == 32 ? std::max(1, 8 / args.tokens) : 8;
  int32_t split = 1;
  while (split < most && warps * split < kWarpsPerProcessor * device_.processors() &&
         lanes_busy >= 2 * split)
    split *= 2;
  return split;
}

void Linear::few(std::span<const Segment> segments, const float* x, int32_t tokens,
                 Epilogue epilogue, const Norm& norm) const {
  for (int32_t first = 0; first < tokens; first += kMatvecTokens) {
    MatvecArgs args{};
    args.tokens = std::min(kMatvecTokens, tokens - first);
    args.epilogue = epilogue;
    args.x = x + int64_t{first} * segments[0].w.cols;
    for (const Segment& segment : segments) {
      Segment& to = args.segments[args.segment_count++];
      to = segment;
      to.y += int64_t{first} * segment.w.rows;
    }
    args.norm = norm.weights;
    args.eps = norm.eps;
    args.rows = workspace_.rows;
    args.rows.codes += first * args.rows.pitch;
    args.rows.outliers += first * args.rows.pitch;
    args.rows.scales += first;
    args.rows.outlier_counts += first;
    args.split = split_of(args);
    matvec(device_.stream(), args);
  }
}

void Linear::many(const Segment& segment, const float* x, int32_t tokens, bool add) const {
  const Matrix& w = segment.w;
  if (w.format == Format::kInt8)
    int8(w, x, segment.y, tokens, add);
  else if (is_float(w.format))
    floats(w, x, segment.y, w.rows, tokens, add);
  else
    panels(segment, x, tokens, add);
  if (segment.bias != nullptr)
    add_bias(device_.stream(), {segment.y, segment.bias, tokens, w.rows});
}

// cuBLAS's integer sums where rows are whole 32-bit words, as many tokens at a time as fit.
void Linear::int8(const Matrix& w, const float* x, float* y, int32_t tokens, bool add) const {
  constexpr int32_t kWord = 4;
  const int64_t most = workspace_.panel_bytes / (w.rows * int64_t{sizeof(int32_t)});
  if (!device_.has_blas(Format::kInt8) || w.rows % kWord != 0 || most == 0)
    return gemm_int8(device_.stream(), {w, x, workspace_.rows, y, tokens, add});
  const auto step = static_cast<int32_t>(std::min<int64_t>(most, tokens));
  for (int32_t first = 0; first < tokens; first += step) {
    Int8Rows rows = workspace_.rows;
    rows.codes += first * rows.pitch;
    rows.outliers += first * rows.pitch;
    rows.scales += first;
    rows.outlier_counts += first;
    BlasProduct product{};
    product.type = Format::kInt8;
    product.w = w.codes, product.w_pitch = w.pitch;
    product.x = rows.codes, product.x_pitch = rows.pitch;
    product.y = workspace_.panel, product.y_pitch = w.rows;
    product.rows = w.rows, product.cols = static_cast<int32_t>(w.pitch);  // padded with zeros
    product.tokens = std::min(step, tokens - first);
    device_.blas(product);
    finish_int8(device_.stream(),
                {static_cast<const int32_t*>(workspace_.panel), w, x + int64_t{first} * w.cols,
                 rows, y + int64_t{first} * w.rows, product.tokens, add});
  }
}

void Linear::panels(const Segment& segment, const float* x, int32_t tokens, bool add) const {
  const Matrix& w = segment.w;
  Matrix panel{};
  panel.format = w.format == Format::kFourBit ? Format::kFp32 : Format::kBf16;
  panel.cols = w.cols;
  panel.pitch = w.cols * element_bytes(panel.format);  // whole pieces: 4-bit rows are regular
  panel.codes = workspace_.panel;
  const auto step =
      static_cast<int32_t>(std::clamp<int64_t>(workspace_.panel_bytes / panel.pitch, 1, w.rows));
  for (int32_t first = 0; first < w.rows; first += step) {
    panel.rows = std::min(step, w.rows - first);
    dequantise(device_.stream(), {w, first, panel.rows, workspace_.panel, panel.pitch});
    floats(panel, x, segment.y + first, w.rows, tokens, add);
  }
}

void Linear::floats(const Matrix& w, const float* x, float* y, int64_t y_pitch, int32_t tokens,
                    bool add) const {
  if (!device_.has_blas(w.format)) {
    gemm(device_.stream(), {w, x, y, y_pitch, tokens, add});
    return;
  }
  BlasProduct product{};
  product.type = w.format;
  product.w = w.codes;
  product.w_pitch = w.pitch / element_bytes(w.format);
  product.x = x;
  product.x_pitch = w.cols;
  product.y = y;
  product.y_pitch = y_pitch;
  product.rows = w.rows, product.cols = w.cols, product.tokens = tokens;
  product.add = add;
  if (w.format == Format::kFp32) return device_.blas(product);
  product.x_pitch = (int64_t{w.cols} + 7) / 8 * 8;
  uint16_t* low = w.format == Format::kFp16 ? workspace_.low : nullptr;
  narrow(device_.stream(), {x, tokens, w.cols, product.x_pitch, workspace_.high, low});
  product.x = workspace_.high;
  device_.blas(product);
  if (low == nullptr) return;
  product.x = low;
  product.add = true;
  device_.blas(product);
}

std::string Linear::kernel(Format format) const {
  constexpr const char* kNames[] = {"fp32", "bf16", "fp16", "int8 dp4a", "4-bit", "4-bit bf16"};
  const std::string few = std::string("matvec ") + kNames[static_cast<int>(format)];
  const std::string blas(device_.blas_name());
  if (format == Format::kInt8 && !device_.has_blas(format)) return few + " + tiles dp4a";
  return few + " + " + (blas.empty() ? "tiles" : blas);
}

}  // namespace nety::cuda
