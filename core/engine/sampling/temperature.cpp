// Temperature: logits are divided by it, so that less than 1 favours what is likely.
#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void temperature(const SamplingOptions& options, const Past& /*past*/, Candidates& candidates) {
  if (options.temperature != 1) candidates.set_temperature(options.temperature);
}

}  // namespace nety::engine::steps
