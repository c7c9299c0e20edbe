// Which experts a token has, and what each counts: from the router's scores alone, one token at a
// time, for all backends that choose on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/checkpoint/layer_spec.h"

namespace nety::model {

/// An expert of a token and the weight of what it computes.
struct Choice {
  int32_t expert = 0;
  float weight = 0;
};

/// Fills `chosen` [k] from the router's scores [E], by ascending expert, as transformers' routers
/// do in fp32. Of equal scores the expert with the lower number is chosen; one that is no number is
/// chosen last. `scores` becomes whatever the gating makes of it.
void choose_experts(checkpoint::Gating gating, std::span<float> scores, std::span<Choice> chosen);

/// The tokens of one expert, ascending, and what each counts.
struct ExpertTokens {
  size_t expert = 0;
  std::vector<int32_t> tokens;
  std::vector<float> weights;
};

/// A step's choices from its scores [T, E], grouped by ascending expert: for backends that run one
/// expert after the other. Experts that no token has are left out.
std::vector<ExpertTokens> tokens_by_expert(const checkpoint::Mixture& mixture,
                                           std::span<float> scores);

}  // namespace nety::model
