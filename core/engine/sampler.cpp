// Sampling without the standard library's distributions, whose sequences differ between
// implementations.
#include "core/engine/sampler.h"

#include <cmath>

#include "core/base/error.h"

namespace nety::engine {
namespace {

[[noreturn]] void refuse(bool constrained) {
  throw Error(ErrorKind::kInternal,
              constrained ? "the model gave no finite logit to a token that may come here"
                          : "the model gave no finite logit",
              "The weights may be damaged: try --mode fp32, or run nety diag MODEL.");
}

}  // namespace

int32_t argmax(std::span<const float> logits, std::span<const uint64_t> allowed) {
  int32_t best = -1;
  for (size_t i = 0; i < logits.size(); ++i)
    if (std::isfinite(logits[i]) && (best < 0 || logits[i] > logits[static_cast<size_t>(best)]) &&
        is_allowed(allowed, i))
      best = static_cast<int32_t>(i);
  if (best < 0) refuse(!allowed.empty());
  return best;
}

Sampler::Sampler(const SamplingOptions& options) : options_(options), random_(options.seed) {}

bool Sampler::takes_largest() const {
  if (options_.greedy) return true;
  return options_.temperature <= 0 && options_.bias.empty() && options_.repeat_penalty == 1 &&
         options_.frequency_penalty == 0 && options_.presence_penalty == 0;
}

std::span<const Candidate> Sampler::narrow(std::span<const float> logits, const Past& past,
                                           std::span<const uint64_t> allowed) {
  candidates_.assign(logits, allowed);
  if (candidates_.empty()) refuse(!allowed.empty());
  if (!options_.greedy)
    for (const SamplingStep& step : sampling_steps())
      if (step.applies(options_)) step.run(options_, past, candidates_);
  if (!draws()) candidates_.keep_likeliest(1);
  return candidates_.ranked();
}

int32_t Sampler::pick(std::span<const float> logits, const Past& past,
                      std::span<const uint64_t> allowed) {
  if (takes_largest()) return argmax(logits, allowed);
  const std::span<const Candidate> left = narrow(logits, past, allowed);
  if (!draws()) return left.front().id;
  // 53 random bits, as a fraction of 1.
  double rest = static_cast<double>(random_() >> 11) * 0x1p-53 * candidates_.total();
  for (const Candidate& one : left) {
    rest -= one.weight;
    if (rest < 0) return one.id;
  }
  return left.back().id;
}

}  // namespace nety::engine
