// Matrices and activations for kernel benchmarks.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "bench/kernels/subject.h"
#include "bench/shape_weights.h"
#include "core/base/anonymous_memory.h"
#include "core/precision/mode.h"

namespace nety::bench {

/// A layer's weights in a mode: random ones of a shape, or random blocks for formats that are only
/// read from files.
class LayerMatrix {
 public:
  LayerMatrix(const Layer& layer, const precision::Mode& mode);
  const precision::MatrixView& view() const { return view_; }
  /// Row `row` as floats.
  std::vector<float> row(int64_t row) const;
  uint64_t bytes() const;

 private:
  std::unique_ptr<ShapeWeights> made_;
  AnonymousMemory blocks_;
  precision::MatrixView view_;
};

/// The mode that a cell's format names, or null: "nf4_dq" is nf4-dq, "q8" is none.
const precision::Mode* mode_of(std::string_view format);

/// `count` floats, nearly normal, the same each time.
std::vector<float> activations(size_t count);

/// The largest error of y [tokens, stride] against x [tokens, x_stride] times the first rows of `w`
/// [cols], in units of what another order of summation explains: above 1 is wrong. `tolerance` adds
/// to that, relative to the sum of magnitudes: what rounding of the activations costs.
double product_error(const LayerMatrix& w, const float* x, int64_t x_stride, int64_t tokens,
                     const float* y, int64_t y_stride, double tolerance);

}  // namespace nety::bench
