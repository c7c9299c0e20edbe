// Min-p (Nguyen et al., "Turning up the heat", 2024): the tokens that have at least P times the
// probability of the likeliest, whose weight is 1.
#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void min_p(const SamplingOptions& options, const Past& /*past*/, Candidates& candidates) {
  if (options.min_p <= 0) return;
  const std::span<const Candidate> list = candidates.ranked();
  size_t kept = 0;
  while (kept < list.size() && list[kept].weight >= options.min_p) ++kept;
  candidates.keep(kept);
}

}  // namespace nety::engine::steps
