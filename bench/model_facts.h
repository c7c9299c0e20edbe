// A checkpoint as results name it: the same words whichever engine runs it.
#pragma once

#include "core/checkpoint/checkpoint.h"
#include "core/results/results.h"

namespace nety::bench {

results::Model describe(const checkpoint::Checkpoint& checkpoint);
/// A shape filled with random weights of that seed.
results::Model describe(const checkpoint::ModelConfig& shape, uint64_t seed);

}  // namespace nety::bench
