// Logit bias, as OpenAI's `logit_bias`: added to a token's logit. -100 all but forbids a token.
#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void bias(const SamplingOptions& options, const Past& /*past*/, Candidates& candidates) {
  for (const LogitBias& one : options.bias) candidates.add(one.token, one.bias);
}

}  // namespace nety::engine::steps
