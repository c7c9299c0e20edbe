// Top-n-sigma (Tang et al., 2024): keeps the tokens whose logit is within N standard deviations of
// the largest. The temperature changes nothing about it. The deviation is that of all tokens, as in
// llama.cpp; those that may not come do not count.
#include <cmath>

#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void top_n_sigma(const SamplingOptions& options, const Past& /*past*/, Candidates& candidates) {
  if (options.top_n_sigma <= 0) return;
  const auto count = static_cast<double>(candidates.size());
  double largest = -INFINITY, sum = 0, squares = 0;
  for (const Candidate& one : candidates.all()) {
    largest = std::max<double>(largest, one.logit);
    sum += one.logit;
  }
  const double mean = sum / count;
  for (const Candidate& one : candidates.all()) squares += (one.logit - mean) * (one.logit - mean);
  candidates.keep_from(largest - options.top_n_sigma * std::sqrt(squares / count));
}

}  // namespace nety::engine::steps
