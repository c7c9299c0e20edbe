// A weight as ATen sees it: a view of the mapped file where the mode allows, else a tensor of ours.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "core/model/backend.h"

namespace nety::torch_backend {

/// [rows, cols] in fp32, bf16 or fp16. Vectors (norms, biases) are matrices of one row.
class TorchWeight final : public model::Weight {
 public:
  TorchWeight(at::Tensor matrix, precision::ModeId mode, uint64_t owned_bytes,
              precision::Matrix storage);

  uint64_t owned_bytes() const override { return owned_bytes_; }
  precision::ModeId mode() const override { return mode_; }

  const at::Tensor& matrix() const { return matrix_; }  ///< [rows, cols]
  const at::Tensor& vector() const { return vector_; }  ///< [rows * cols]

 private:
  precision::ModeId mode_;
  uint64_t owned_bytes_;
  precision::Matrix storage_;  // what matrix_ points into, if it is neither the file's nor ATen's
  at::Tensor matrix_, vector_;
};

/// The backend is only ever given weights that it made itself.
inline const TorchWeight& cast(const model::Weight& weight) {
  return static_cast<const TorchWeight&>(weight);
}

/// The type in which products with weights of `mode` are computed: bf16 and fp16 in their own,
/// everything else dequantised to fp32, or to bf16 if `compute` says so.
at::ScalarType product_type(precision::ModeId mode, model::Compute compute);

/// Backend::prepare. Errors: kUsage for a mode that only exists as stored in a file.
std::unique_ptr<TorchWeight> prepare_weight(const precision::MatrixView& source,
                                            precision::ModeId mode, model::Compute compute);

}  // namespace nety::torch_backend
