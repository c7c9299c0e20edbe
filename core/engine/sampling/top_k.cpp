// Top-k (Fan et al., "Hierarchical neural story generation", 2018): the K likeliest tokens, of
// equals those with the lower ids.
#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void top_k(const SamplingOptions& options, const Past& /*past*/, Candidates& candidates) {
  if (options.top_k > 0) candidates.keep_likeliest(static_cast<size_t>(options.top_k));
}

}  // namespace nety::engine::steps
