// A weight as ATen sees it: a view of the mapped file where the mode allows, else a tensor of ours,
// else packed for one of LibTorch's own products.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "core/backends/torch/fast_product.h"
#include "core/model/backend.h"

namespace nety::torch_backend {

/// [rows, cols] in fp32, bf16 or fp16, or packed, or both. Vectors (norms, biases) are matrices of
/// one row, never packed.
class TorchWeight final : public model::Weight {
 public:
  /// `storage` is what `matrix` points into, if that is neither the file's nor ATen's.
  TorchWeight(at::Tensor matrix, precision::ModeId mode, uint64_t owned_bytes,
              precision::Matrix storage);
  /// Packed; `table` has the rows for embed(), null if they are not read.
  TorchWeight(const FastProduct& product, PackedWeight packed, std::unique_ptr<TorchWeight> table);

  uint64_t owned_bytes() const override { return owned_bytes_; }
  precision::ModeId mode() const override { return mode_; }

  /// Copies a plain weight to a GPU, and forgets it here.
  void move_to(c10::Device device);

  int64_t rows() const { return product_ == nullptr ? matrix_.size(0) : packed_.rows; }
  const at::Tensor& matrix() const { return matrix_; }  ///< [rows, cols]; undefined: only packed
  const at::Tensor& vector() const { return vector_; }  ///< [rows * cols]
  /// y = x W^T + b, x [T, cols] fp32, y [T, rows] fp32; no bias: null.
  at::Tensor multiply(const at::Tensor& x, const TorchWeight* bias) const;

 private:
  precision::ModeId mode_;
  uint64_t owned_bytes_;
  precision::Matrix storage_;
  at::Tensor matrix_, vector_;
  const FastProduct* product_ = nullptr;
  PackedWeight packed_;
  std::unique_ptr<TorchWeight> table_;  // owns what matrix_ points to
};

/// The backend is only ever given weights that it made itself.
inline const TorchWeight& cast(const model::Weight& weight) {
  return static_cast<const TorchWeight&>(weight);
}

/// The type in which products with weights of `mode` are computed: bf16 and fp16 in their own,
/// everything else dequantised to fp32, or to bf16 if `compute` says so.
at::ScalarType product_type(precision::ModeId mode, model::Compute compute);

/// Backend::prepare, for plain products. Errors: kUsage for a mode that only exists as stored in a
/// file.
std::unique_ptr<TorchWeight> prepare_weight(const precision::MatrixView& source,
                                            precision::ModeId mode, model::Compute compute);

/// Backend::prepare, packed for `product`; `table`: its rows are read, too. Errors:
/// kEnvironment if this LibTorch has no such product.
std::unique_ptr<TorchWeight> prepare_packed(const precision::MatrixView& source,
                                            const FastProduct& product, bool table);

}  // namespace nety::torch_backend
