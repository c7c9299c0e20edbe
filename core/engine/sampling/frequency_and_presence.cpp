// Frequency and presence penalties, as OpenAI defines them: what the answer has of a token so far,
// times the one, and once the other, is taken off its logit. The prompt does not count, as in vLLM;
// in llama.cpp it does.
#include "core/engine/sampling/steps.h"

namespace nety::engine::steps {

void frequency_and_presence(const SamplingOptions& options, const Past& past,
                            Candidates& candidates) {
  const double frequency = options.frequency_penalty, presence = options.presence_penalty;
  if (frequency == 0 && presence == 0) return;
  candidates.change(last_of(past.answer, options.penalty_window), [=](float logit, double times) {
    return static_cast<float>(logit - (times * frequency + presence));
  });
}

}  // namespace nety::engine::steps
