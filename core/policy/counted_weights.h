// The weights of a model with those that are alike counted, so that plans of every model of the
// catalogue take no longer than plans of one: a large mixture has tens of thousands of weights of a
// few kinds.
#pragma once

#include <optional>
#include <vector>

#include "core/policy/plan.h"

namespace nety::policy {

/// The same sums as weights_of(config), in any order. Names are those of the first of each kind.
std::vector<PlannedWeight> counted_weights_of(const checkpoint::ModelConfig& config);

/// Weights of a file, with those that differ in their names only counted.
std::vector<PlannedWeight> counted(std::vector<PlannedWeight> weights);

/// As a file in a format of files has a shape: matrices and embeddings in `mode`, the rest fp32.
/// Nothing where the format's blocks do not divide some row.
std::optional<std::vector<PlannedWeight>> stored_in(std::vector<PlannedWeight> weights,
                                                    precision::ModeId mode);

}  // namespace nety::policy
