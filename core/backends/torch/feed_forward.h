// Feed-forward networks: the activation, and mixtures of experts.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/backends/torch/weight.h"
#include "core/model/backend.h"

namespace nety::torch_backend {

inline at::Tensor product(const at::Tensor& x, const model::Weight& weight,
                          const model::Weight* bias) {
  return cast(weight).multiply(x, bias == nullptr ? nullptr : &cast(*bias));
}

/// f(g) * u as the spec has it; f(g) where u is undefined. [T, F]
at::Tensor activated(const model::LayerSpec& spec, const at::Tensor& g, const at::Tensor& u);

/// What the experts of each row of n [T, D] add to the stream [T, D]. The choice is made on the
/// host; an expert is multiplied with the tokens that have it.
at::Tensor mixture(const model::LayerWeights& layer, const model::LayerSpec& spec,
                   const at::Tensor& n);

}  // namespace nety::torch_backend
