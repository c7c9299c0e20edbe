// Weights: in place if the file has them in the mode's type, else made by the mode's own functions,
// so that a mode means the same here as everywhere.
#include "core/backends/torch/weight.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>

#include "core/backends/torch/conversion.h"
#include "core/backends/torch/operators.h"

namespace nety::torch_backend {
namespace {

using precision::Matrix;
using precision::MatrixView;
using precision::Mode;
using precision::ModeId;
using precision::ModeKind;

at::Tensor view_of(const MatrixView& view, at::ScalarType type) {
  // ATen has no constant tensors; nothing here writes to a weight.
  void* data = const_cast<std::byte*>(view.codes);
  return at::from_blob(data, {view.rows, view.cols}, at::TensorOptions(type));
}

bool is_usable_in_place(const MatrixView& source, ModeId mode, at::ScalarType type) {
  return source.mode == mode && precision::mode(mode).kind == ModeKind::kFloat &&
         reinterpret_cast<uintptr_t>(source.codes) % c10::elementSize(type) == 0;
}

}  // namespace

TorchWeight::TorchWeight(at::Tensor matrix, ModeId mode, uint64_t owned_bytes, Matrix storage)
    : mode_(mode),
      owned_bytes_(owned_bytes),
      storage_(std::move(storage)),
      matrix_(std::move(matrix)),
      vector_(matrix_.view({-1})) {}

TorchWeight::TorchWeight(const FastProduct& product, PackedWeight packed,
                         std::unique_ptr<TorchWeight> table)
    : mode_(product.mode),
      owned_bytes_(packed.bytes + (table == nullptr ? 0 : table->owned_bytes())),
      product_(&product),
      packed_(std::move(packed)),
      table_(std::move(table)) {
  if (table_ != nullptr) matrix_ = table_->matrix();
}

void TorchWeight::move_to(c10::Device device) {
  matrix_ = matrix_.to(device);
  vector_ = matrix_.view({-1});
  storage_ = {};
  owned_bytes_ = matrix_.nbytes();
}

at::Tensor TorchWeight::multiply(const at::Tensor& x, const TorchWeight* bias) const {
  if (product_ == nullptr && matrix_.scalar_type() == at::kFloat)
    return bias == nullptr ? at::linear(x, matrix_) : at::linear(x, matrix_, bias->vector());
  at::Tensor y = product_ != nullptr
                     ? product_->multiply(packed_, x)
                     : at::linear(x.to(matrix_.scalar_type()), matrix_).to(at::kFloat);
  if (bias != nullptr) y.add_(bias->vector());
  return y;
}

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

std::unique_ptr<TorchWeight> prepare_packed(const MatrixView& source, const FastProduct& product,
                                            bool table) {
  require_operators(product.operators);
  std::unique_ptr<TorchWeight> rows;
  if (table) rows = prepare_weight(source, product.mode, model::Compute::kMode);
  return std::make_unique<TorchWeight>(product, product.pack(source), std::move(rows));
}

}  // namespace nety::torch_backend
