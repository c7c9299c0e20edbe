#include "bench/kernels/matrices.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/checkpoint/shapes.h"

namespace nety::bench {
namespace {

constexpr int64_t kCheckedRows = 16;

uint64_t next(uint64_t& state) {  // xorshift64* (Vigna 2016)
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dU;
}

/// Bytes without the bits 0x40 and 0x80: whatever is a half-precision scale among them is below 2.
AnonymousMemory random_blocks(size_t bytes) {
  AnonymousMemory memory(bytes);
  uint64_t state = 1;
  for (size_t i = 0; i < bytes; ++i)
    memory.as<uint8_t>()[i] = static_cast<uint8_t>(next(state) >> 58);
  return memory;
}

}  // namespace

LayerMatrix::LayerMatrix(const Layer& layer, const precision::Mode& mode) {
  if (mode.functions->allocate != nullptr) {
    made_ = std::make_unique<ShapeWeights>(checkpoint::find_shape(layer.shape), 1, 1);
    view_ = made_->weight(layer.weight, mode.id);
    return;
  }
  blocks_ = random_blocks(static_cast<size_t>(mode.functions->bytes(layer.rows, layer.cols)));
  view_.mode = mode.id;
  view_.rows = layer.rows;
  view_.cols = layer.cols;
  view_.codes = blocks_.as<std::byte>();
}

std::vector<float> LayerMatrix::row(int64_t row) const {
  std::vector<float> out(static_cast<size_t>(view_.cols));
  precision::mode(view_.mode).functions->dequantise(view_, row, out.data());
  return out;
}

uint64_t LayerMatrix::bytes() const {
  return precision::mode(view_.mode).functions->bytes(view_.rows, view_.cols);
}

const precision::Mode* mode_of(std::string_view format) {
  std::string name(format);
  if (name.ends_with("_dq")) name[name.size() - 3] = '-';
  return precision::find_mode(name);
}

std::vector<float> activations(size_t count) {
  std::vector<float> values(count);
  uint64_t state = 7;
  for (float& value : values) {
    const uint64_t bits = next(state);
    value = (static_cast<float>(bits & 0xffff) + static_cast<float>((bits >> 16) & 0xffff) +
             static_cast<float>((bits >> 32) & 0xffff) - 98302.5F) /
            32768.0F;
  }
  return values;
}

double product_error(const LayerMatrix& w, const float* x, int64_t x_stride, int64_t tokens,
                     const float* y, int64_t y_stride, double tolerance) {
  const int64_t cols = w.view().cols;
  const double reordering = 4.8e-7 * std::sqrt(static_cast<double>(cols));
  double worst = 0;
  for (int64_t r = 0; r < std::min(kCheckedRows, w.view().rows); ++r) {
    const std::vector<float> row = w.row(r);
    for (int64_t t = 0; t < tokens; ++t) {
      double sum = 0, size = 1e-30;
      for (int64_t k = 0; k < cols; ++k) {
        const double product = double{row[static_cast<size_t>(k)]} * x[t * x_stride + k];
        sum += product;
        size += std::fabs(product);
      }
      const double error = std::fabs(y[t * y_stride + r] - sum) / (size * (reordering + tolerance));
      if (!(error <= worst)) worst = error;
    }
  }
  return worst;
}

}  // namespace nety::bench
