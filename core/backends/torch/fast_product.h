// LibTorch's own fast products: weights packed its way, and an arithmetic that is not the mode's.
// The backend torch-fast reports each under the mode that it stands for.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <span>
#include <vector>

#include "core/precision/mode.h"

namespace nety::torch_backend {

/// A weight packed for one of the products.
struct PackedWeight {
  std::vector<c10::IValue> values;  ///< What the operator takes besides x.
  uint64_t bytes = 0;
  int64_t rows = 0, cols = 0;
};

/// One product and the mode in whose row it stands.
struct FastProduct {
  precision::ModeId mode;
  const char* kernel;                      ///< Names the arithmetic in reports.
  std::span<const char* const> operators;  ///< What LibTorch must have for it.
  PackedWeight (*pack)(const precision::MatrixView& source);
  /// y = x W^T: x [T, cols] fp32, y [T, rows] fp32.
  at::Tensor (*multiply)(const PackedWeight& weight, const at::Tensor& x);
};

/// The product of that mode, or null.
const FastProduct* find_fast_product(precision::ModeId mode);

}  // namespace nety::torch_backend
