// Top-p, or nucleus sampling (Holtzman et al., "The curious case of neural text degeneration",
// 2019): the likeliest tokens whose probabilities reach P. The one that crosses it stays.
#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void top_p(const SamplingOptions& options, const Past& /*past*/, Candidates& candidates) {
  if (options.top_p >= 1) return;
  const double wanted = options.top_p * candidates.total();
  const std::span<const Candidate> list = candidates.ranked();
  double sum = 0;
  size_t kept = 0;
  while (kept < list.size() && (kept == 0 || sum < wanted)) sum += list[kept++].weight;
  candidates.keep(kept);
}

}  // namespace nety::engine::steps
