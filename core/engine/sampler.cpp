// Sampling without the standard library's distributions, whose sequences differ between
// implementations.
#include "core/engine/sampler.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace nety::engine {

int32_t argmax(std::span<const float> logits) {
  int32_t best = -1;
  for (size_t i = 0; i < logits.size(); ++i)
    if (std::isfinite(logits[i]) && (best < 0 || logits[i] > logits[static_cast<size_t>(best)]))
      best = static_cast<int32_t>(i);
  if (best < 0)
    throw Error(ErrorKind::kInternal, "the model gave no finite logit",
                "The weights may be damaged: try --mode fp32, or run nety diag MODEL.");
  return best;
}

void Sampler::penalise(std::span<const int32_t> recent) {
  if (options_.repeat_penalty == 1.0) return;
  std::vector<int32_t> unique(recent.begin(), recent.end());
  std::sort(unique.begin(), unique.end());
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  const float penalty = static_cast<float>(options_.repeat_penalty);
  for (const int32_t id : unique) {
    if (id < 0 || static_cast<size_t>(id) >= candidates_.size()) continue;
    float& logit = candidates_[static_cast<size_t>(id)].logit;
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
}

// Orders candidates by likelihood, gives them weights and drops the unlikely ones.
void Sampler::keep_likely() {
  const auto likelier = [](const Candidate& a, const Candidate& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  };
  const size_t wanted = static_cast<size_t>(options_.top_k);
  if (options_.top_k > 0 && wanted < candidates_.size()) {
    std::nth_element(candidates_.begin(), candidates_.begin() + options_.top_k, candidates_.end(),
                     likelier);
    candidates_.resize(wanted);
  }
  std::sort(candidates_.begin(), candidates_.end(), likelier);
  const double best = candidates_.front().logit;
  const double before = options_.temperature_last ? 1.0 : options_.temperature;
  double total = 0;
  for (Candidate& candidate : candidates_) {
    candidate.weight = std::exp((candidate.logit - best) / before);
    total += candidate.weight;
  }
  size_t kept = 0;
  double sum = 0;
  while (kept < candidates_.size()) {
    // The token that crosses top-p stays; min-p compares with the best token, whose weight is 1.
    if (kept > 0 && (sum >= options_.top_p * total || candidates_[kept].weight < options_.min_p))
      break;
    sum += candidates_[kept++].weight;
  }
  candidates_.resize(kept);
  if (!options_.temperature_last) return;
  for (Candidate& candidate : candidates_)
    candidate.weight = std::exp((candidate.logit - best) / options_.temperature);
}

int32_t Sampler::pick(std::span<const float> logits, std::span<const int32_t> recent) {
  const int32_t best = argmax(logits);
  const bool likeliest = options_.temperature <= 0;
  if (options_.greedy || (likeliest && options_.repeat_penalty == 1.0)) return best;
  candidates_.clear();
  candidates_.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    const float logit = std::isnan(logits[i]) ? -INFINITY : logits[i];
    candidates_.push_back({static_cast<int32_t>(i), logit, 0});
  }
  penalise(recent);
  if (likeliest) {
    const auto less = [](const Candidate& a, const Candidate& b) { return a.logit < b.logit; };
    return std::max_element(candidates_.begin(), candidates_.end(), less)->id;
  }
  keep_likely();
  double total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.weight;
  // 53 random bits, as a fraction of 1.
  double left = static_cast<double>(random_() >> 11) * 0x1p-53 * total;
  for (const Candidate& candidate : candidates_) {
    left -= candidate.weight;
    if (left < 0) return candidate.id;
  }
  return candidates_.back().id;
}

}  // namespace nety::engine
