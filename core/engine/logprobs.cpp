#include "core/engine/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nety::engine {
namespace {

/// The logarithm of the sum of the exponentials of all finite logits.
double log_sum(std::span<const float> logits) {
  double best = -std::numeric_limits<double>::infinity();
  for (const float logit : logits)
    if (std::isfinite(logit)) best = std::max<double>(best, logit);
  double sum = 0;
  for (const float logit : logits)
    if (std::isfinite(logit)) sum += std::exp(logit - best);
  return best + std::log(sum);
}

}  // namespace

LogProbabilities log_probabilities(std::span<const float> logits, int32_t chosen, int32_t count) {
  const double whole = log_sum(logits);
  const auto of = [&](int32_t id) {
    const float logit = logits[static_cast<size_t>(id)];
    return std::isfinite(logit) ? static_cast<float>(logit - whole)
                                : -std::numeric_limits<float>::infinity();
  };
  LogProbabilities out{.chosen = of(chosen), .likeliest = {}};
  if (count <= 0) return out;
  // A heap whose front is the least of the best so far.
  const auto likelier = [](const LogProbability& a, const LogProbability& b) {
    return a.logprob > b.logprob || (a.logprob == b.logprob && a.id < b.id);
  };
  std::vector<LogProbability>& best = out.likeliest;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isfinite(logits[i])) continue;
    const LogProbability one{static_cast<int32_t>(i), logits[i]};  // logits as yet
    if (best.size() == static_cast<size_t>(count)) {
      if (!likelier(one, best.front())) continue;
      std::ranges::pop_heap(best, likelier);
      best.pop_back();
    }
    best.push_back(one);
    std::ranges::push_heap(best, likelier);
  }
  std::ranges::sort_heap(best, likelier);
  for (LogProbability& one : best) one.logprob = of(one.id);
  return out;
}

}  // namespace nety::engine
