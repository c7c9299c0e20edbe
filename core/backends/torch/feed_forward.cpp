#include "core/backends/torch/feed_forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros_like.h>

#include <span>

#include "core/model/routing.h"

namespace nety::torch_backend {
namespace {

using model::Slot;

template <class Value>
at::Tensor copy_of(const std::vector<Value>& values, at::ScalarType type, c10::Device device) {
  return at::from_blob(const_cast<Value*>(values.data()), {static_cast<int64_t>(values.size())},
                       at::TensorOptions(type))
      .to(device, type, false, true);
}

}  // namespace

at::Tensor activated(const model::LayerSpec& spec, const at::Tensor& g, const at::Tensor& u) {
  using checkpoint::Nonlinearity;
  if (spec.nonlinearity == Nonlinearity::kClampedSilu) {
    const at::Tensor gate = at::clamp_max(g, spec.clamp);
    return gate * at::sigmoid(gate * checkpoint::kClampedSiluAlpha) *
           (at::clamp(u, -spec.clamp, spec.clamp) + 1);
  }
  at::Tensor h = spec.nonlinearity == Nonlinearity::kSilu ? at::silu(g) : at::gelu(g, "tanh");
  return u.defined() ? h.mul_(u) : h;
}

at::Tensor mixture(const model::LayerWeights& layer, const model::LayerSpec& spec,
                   const at::Tensor& n) {
  at::Tensor scores = product(n, *layer[Slot::router], layer[Slot::router_bias].get())
                          .to(at::kCPU, at::kFloat, false, true)
                          .contiguous();
  const std::span<float> host(scores.data_ptr<float>(), static_cast<size_t>(scores.numel()));
  at::Tensor sum = at::zeros_like(n);
  for (const model::ExpertTokens& of : model::tokens_by_expert(spec.mixture, host)) {
    const model::ExpertWeights& w = layer.experts[of.expert];
    const at::Tensor rows = copy_of(of.tokens, at::kInt, n.device());
    const at::Tensor x = at::index_select(n, 0, rows);
    const at::Tensor h =
        activated(spec, product(x, *w.gate, w.gate_bias.get()), product(x, *w.up, w.up_bias.get()));
    const at::Tensor y = product(h, *w.down, w.down_bias.get());
    sum.index_add_(0, rows, y * copy_of(of.weights, at::kFloat, n.device()).unsqueeze(1));
  }
  return sum;
}

}  // namespace nety::torch_backend
