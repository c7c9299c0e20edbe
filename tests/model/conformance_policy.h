// What conformance tests ask of a backend: how it is made, what it can take, how exact it must be.
#pragma once

#include <functional>
#include <memory>

#include "core/model/backend.h"
#include "core/precision/mode.h"

namespace nety::model {

using BackendFactory = std::function<std::unique_ptr<Backend>(const BackendOptions&)>;

/// How far logits may be from the reference, as a share of their root mean square: the policy by
/// what the mode does to activations. Weights are compared as the mode stores them, so exactly.
struct Tolerances {
  double fp32 = 5e-5;     ///< fp32 activations: only the order of sums differs.
  double fp16 = 5e-5;     ///< fp16 weights; backends that round activations too set 2e-2.
  double rounded = 0.15;  ///< Activations in bf16 or int8.
  double kv_bf16 = 0.10;  ///< Cached keys and values in bf16.
  double kv_q8_0 = 0.10;  ///< The same in q8_0: half of a 127th of the largest of 32.
};

inline double tolerance_of(precision::ModeId mode, const Tolerances& tolerances) {
  if (mode == precision::ModeId::fp16) return tolerances.fp16;
  return precision::mode(mode).activation == "fp32" ? tolerances.fp32 : tolerances.rounded;
}

/// Whether every matrix of the shape is made of whole groups of the mode.
inline bool fits(const checkpoint::ModelConfig& config, precision::ModeId mode) {
  const int32_t group = precision::mode(mode).functions->group;
  const bool experts = !config.any_layer(
      [&](const checkpoint::LayerSpec& spec) { return spec.mixture.ffn_dim % group != 0; });
  return experts && config.dim % group == 0 && config.ffn_dim % group == 0 &&
         config.heads * config.head_dim % group == 0;
}

}  // namespace nety::model
