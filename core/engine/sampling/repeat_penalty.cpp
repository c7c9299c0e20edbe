// Repetition penalty (Keskar et al., "CTRL", 2019): divides the positive logits of tokens that came
// before, prompt included, however often they did; multiplies negative ones, as everybody does.
#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void repeat_penalty(const SamplingOptions& options, const Past& past, Candidates& candidates) {
  if (options.repeat_penalty == 1) return;
  const auto penalty = static_cast<float>(options.repeat_penalty);
  candidates.change(last_of(past.all, options.penalty_window), [penalty](float logit, double) {
    return logit > 0 ? logit / penalty : logit * penalty;
  });
}

}  // namespace nety::engine::steps
