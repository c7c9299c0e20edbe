// Weights: in place if the file has them in the mode's type, else made by the mode's own functions,
// so that a mode means the same here as everywhere.
#include "core/backends/torch/weight.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/half.h"

namespace nety::torch_backend {
namespace {

using precision::Matrix;
using precision::MatrixView;
using precision::Mode;
using precision::ModeFunctions;
using precision::ModeId;
using precision::ModeKind;

/// Rows converted at a time by one thread: enough to amortise, little enough to stay in the cache.
constexpr int64_t kChunkWeights = int64_t{1} << 16;

at::Tensor view_of(const MatrixView& view, at::ScalarType type) {
  // ATen has no constant tensors; nothing here writes to a weight.
  void* data = const_cast<std::byte*>(view.codes);
  return at::from_blob(data, {view.rows, view.cols}, at::TensorOptions(type));
}

bool is_usable_in_place(const MatrixView& source, ModeId mode, at::ScalarType type) {
  return source.mode == mode && precision::mode(mode).kind == ModeKind::kFloat &&
         reinterpret_cast<uintptr_t>(source.codes) % c10::elementSize(type) == 0;
}

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

/// The source's weights quantised to `mode`, by rows.
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

}  // namespace

TorchWeight::TorchWeight(at::Tensor matrix, ModeId mode, uint64_t owned_bytes, Matrix storage)
    : mode_(mode),
      owned_bytes_(owned_bytes),
      storage_(std::move(storage)),
      matrix_(std::move(matrix)),
      vector_(matrix_.view({-1})) {}

at::ScalarType product_type(ModeId mode, model::Compute compute) {
  if (mode == ModeId::bf16) return at::kBFloat16;
  if (mode == ModeId::fp16) return at::kHalf;
  const bool widened = precision::mode(mode).kind != ModeKind::kFloat;
  return widened && compute == model::Compute::kBf16 ? at::kBFloat16 : at::kFloat;
}

std::unique_ptr<TorchWeight> prepare_weight(const MatrixView& source, ModeId mode_id,
                                            model::Compute compute) {
  const Mode& mode = precision::mode(mode_id);
  const at::ScalarType type = product_type(mode_id, compute);
  if (is_usable_in_place(source, mode_id, type))
    return std::make_unique<TorchWeight>(view_of(source, type), mode_id, 0, Matrix{});
  if (mode.kind == ModeKind::kFloat) {
    Matrix matrix = make_matrix(source, mode);
    const uint64_t bytes = mode.functions->bytes(source.rows, source.cols);
    at::Tensor view = view_of(matrix.view, type);
    return std::make_unique<TorchWeight>(std::move(view), mode_id, bytes, std::move(matrix));
  }
  Matrix made;
  if (source.mode != mode_id) made = make_matrix(source, mode);
  at::Tensor widened = dequantised(source.mode == mode_id ? source : made.view, type);
  const uint64_t bytes = widened.nbytes();
  return std::make_unique<TorchWeight>(std::move(widened), mode_id, bytes, Matrix{});
}

}  // namespace nety::torch_backend
