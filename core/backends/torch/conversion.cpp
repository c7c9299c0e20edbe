// Conversions between modes: every number goes through the functions of precision/.
#include "core/backends/torch/conversion.h"

#include <ATen/ops/empty.h>

#include <vector>

#include "core/base/half.h"
#include "core/precision/conversion.h"

namespace nety::torch_backend {

using precision::Matrix;
using precision::MatrixView;
using precision::Mode;
using precision::ModeFunctions;

Matrix make_matrix(const MatrixView& source, const Mode& mode) {
  precision::Conversion conversion(source, mode.id);
  for_row_chunks(source.rows, source.cols, conversion.grain(),
                 [&](int64_t first, int64_t last) { conversion.rows(first, last); });
  return conversion.take();
}

at::Tensor dequantised(const MatrixView& view, at::ScalarType type) {
  const ModeFunctions& from = *precision::mode(view.mode).functions;
  at::Tensor result = at::empty({view.rows, view.cols}, at::TensorOptions(type));
  void* data = result.data_ptr();
  for_row_chunks(view.rows, view.cols, 1, [&](int64_t first, int64_t last) {
    std::vector<float> weights(static_cast<size_t>(view.cols));
    for (int64_t row = first; row < last; ++row) {
      float* const values =
          type == at::kFloat ? static_cast<float*>(data) + row * view.cols : weights.data();
      from.dequantise(view, row, values);
      precision::check_blocks(view, row, values);
      if (type == at::kFloat) continue;
      std::ranges::transform(weights, static_cast<uint16_t*>(data) + row * view.cols,
                             bf16_from_float);
    }
  });
  return result;
}

}  // namespace nety::torch_backend
