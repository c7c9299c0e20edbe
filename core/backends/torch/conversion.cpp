// Conversions between modes: every number goes through the functions of precision/.
#include "core/backends/torch/conversion.h"

#include <ATen/ops/empty.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/half.h"

namespace nety::torch_backend {

using precision::Matrix;
using precision::MatrixView;
using precision::Mode;
using precision::ModeFunctions;

Matrix make_matrix(const MatrixView& source, const Mode& mode) {
  const ModeFunctions& to = *mode.functions;
  const ModeFunctions& from = *precision::mode(source.mode).functions;
  if (to.allocate == nullptr || to.quantise == nullptr)
    throw Error(ErrorKind::kUsage,
                "weights cannot be converted to " + std::string(mode.name) +
                    ": that format is only run as a file stores it",
                "Choose one of " + std::string(precision::selectable_mode_names()) + ".");
  if (source.cols % to.group != 0)
    throw Error(ErrorKind::kUsage,
                "a matrix of " + std::to_string(source.cols) + " columns cannot be made " +
                    std::string(mode.name) + ", which has groups of " + std::to_string(to.group),
                "Choose another --mode.");
  Matrix matrix = to.allocate(source.rows, source.cols);
  for_row_chunks(
      source.rows, source.cols, to.row_grain(source.cols), [&](int64_t first, int64_t last) {
        std::vector<float> weights(static_cast<size_t>((last - first) * source.cols));
        for (int64_t row = first; row < last; ++row)
          from.dequantise(source, row, &weights[static_cast<size_t>((row - first) * source.cols)]);
        to.quantise(weights.data(), first, last, matrix);
      });
  if (to.finish != nullptr) to.finish(matrix);
  return matrix;
}

at::Tensor dequantised(const MatrixView& view, at::ScalarType type) {
  const ModeFunctions& from = *precision::mode(view.mode).functions;
  at::Tensor result = at::empty({view.rows, view.cols}, at::TensorOptions(type));
  void* data = result.data_ptr();
  for_row_chunks(view.rows, view.cols, 1, [&](int64_t first, int64_t last) {
    std::vector<float> weights(static_cast<size_t>(view.cols));
    for (int64_t row = first; row < last; ++row) {
      if (type == at::kFloat) {
        from.dequantise(view, row, static_cast<float*>(data) + row * view.cols);
        continue;
      }
      from.dequantise(view, row, weights.data());
      std::ranges::transform(weights, static_cast<uint16_t*>(data) + row * view.cols,
                             bf16_from_float);
    }
  });
  return result;
}

}  // namespace nety::torch_backend
