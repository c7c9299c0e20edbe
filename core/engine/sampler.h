// From logits to the next token.
#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "core/engine/sampling/steps.h"

namespace nety::engine {

/// Picks tokens; the same seed and logits give the same tokens on every machine. What it does, in
/// which order: sampling/steps.def.
class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);

  /// The next token for `logits` [V], of those that are `allowed` (a bit per token; empty: all).
  /// Takes one random number where it draws, whatever is left to draw from. Error: kInternal if no
  /// token that is allowed has a finite logit.
  int32_t pick(std::span<const float> logits, const Past& past = {},
               std::span<const uint64_t> allowed = {});

  /// The tokens that pick() would draw from, the likeliest first, valid until the next call: one
  /// where none is drawn.
  std::span<const Candidate> narrow(std::span<const float> logits, const Past& past = {},
                                    std::span<const uint64_t> allowed = {});

 private:
  bool draws() const { return !options_.greedy && options_.temperature > 0; }
  /// The likeliest token is that of the model's own logits.
  bool takes_largest() const;

  SamplingOptions options_;
  std::mt19937_64 random_;
  Candidates candidates_;
};

/// The index of the largest finite logit that is allowed, the lowest such index among equals.
/// Error: kInternal if there is none.
int32_t argmax(std::span<const float> logits, std::span<const uint64_t> allowed = {});

}  // namespace nety::engine
