// Locally typical sampling (Meister et al., 2022): a token's surprise is -log p, and what is
// expected of it is the entropy. Keeps the tokens nearest to that, until their probabilities reach
// P. The likeliest may go; of tokens that are equally near, all stay, as in transformers.
#include <cmath>

#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void typical(const SamplingOptions& options, const Past& /*past*/, Candidates& candidates) {
  if (options.typical >= 1) return;
  const double total = candidates.total(), divisor = candidates.temperature();
  const std::span<const Candidate> list = candidates.ranked();
  const double best = list.front().logit, of_best = std::log(total);
  const auto surprise = [=](const Candidate& one) {
    return of_best - (one.logit - best) / divisor;
  };
  double entropy = 0;
  for (const Candidate& one : list) entropy += one.weight / total * surprise(one);
  const auto distance = [&](const Candidate& one) { return std::fabs(surprise(one) - entropy); };
  candidates.keep_by(
      [&](const Candidate& a, const Candidate& b) {
        const double first = distance(a), second = distance(b);
        return first < second || (first == second && a.id < b.id);
      },
      [&](std::span<const Candidate> nearest) {
        double sum = 0;
        size_t kept = 0;
        while (kept < nearest.size() && sum < options.typical * total)
          sum += nearest[kept++].weight;
        while (kept < nearest.size() && distance(nearest[kept]) == distance(nearest[kept - 1]))
          ++kept;
        return kept;
      });
}

}  // namespace nety::engine::steps
