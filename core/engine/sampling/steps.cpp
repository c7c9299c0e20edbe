#include "core/engine/sampling/steps.h"

namespace nety::engine {

bool SamplingStep::applies(const SamplingOptions& options) const {
  if (when == When::kAlways) return true;
  if (options.temperature <= 0) return false;
  return when == When::kDrawn ||
         (when == When::kLlamaCpp) == (options.order == SamplingOrder::kLlamaCpp);
}

std::span<const SamplingStep> sampling_steps() {
  static constexpr SamplingStep kSteps[] = {
#define NETY_SAMPLING_STEP(name, when) {#name, When::when, steps::name},
#include "core/engine/sampling/steps.def"
#undef NETY_SAMPLING_STEP
  };
  return kSteps;
}

}  // namespace nety::engine
