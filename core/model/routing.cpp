// The k largest of a few hundred scores, one after the other: k is small.
#include "core/model/routing.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace nety::model {
namespace {

/// Of the number that `of` has in each of the values.
template <class Value, class Of = std::identity>
void softmax(std::span<Value> values, Of of = {}) {
  const float top = std::invoke(of, *std::ranges::max_element(values, {}, of));
  float sum = 0;
  for (Value& value : values) {
    float& score = std::invoke(of, value);
    sum += score = std::exp(score - top);
  }
  for (Value& value : values) std::invoke(of, value) /= sum;
}

/// The number of the first of the largest values that nobody has taken.
size_t largest(std::span<const float> values, std::span<const Choice> taken) {
  const auto is_taken = [&](size_t expert) {
    return std::ranges::any_of(
        taken, [&](const Choice& choice) { return choice.expert == static_cast<int32_t>(expert); });
  };
  size_t best = values.size();
  for (size_t e = 0; e < values.size(); ++e) {
    const bool above = best == values.size() || values[e] > values[best] ||
                       (std::isnan(values[best]) && !std::isnan(values[e]));
    if (above && !is_taken(e)) best = e;
  }
  return best;
}

}  // namespace

void choose_experts(checkpoint::Gating gating, std::span<float> scores, std::span<Choice> chosen) {
  using checkpoint::Gating;
  if (gating != Gating::kSoftmaxOfChosen) softmax(scores);
  float sum = 0;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const size_t best = largest(scores, chosen.first(i));
    chosen[i] = {static_cast<int32_t>(best), scores[best]};
    sum += scores[best];
  }
  if (gating == Gating::kSoftmaxRenormalised)
    for (Choice& choice : chosen) choice.weight /= sum;
  if (gating == Gating::kSoftmaxOfChosen) softmax(chosen, &Choice::weight);
  std::ranges::sort(chosen, {}, &Choice::expert);
}

std::vector<ExpertTokens> tokens_by_expert(const checkpoint::Mixture& mixture,
                                           std::span<float> scores) {
  const auto experts = static_cast<size_t>(mixture.experts);
  std::vector<ExpertTokens> all(experts);
  std::vector<Choice> chosen(static_cast<size_t>(mixture.chosen));
  for (size_t t = 0; t < scores.size() / experts; ++t) {
    choose_experts(mixture.gating, scores.subspan(t * experts, experts), chosen);
    for (const Choice& choice : chosen) {
      ExpertTokens& of = all[static_cast<size_t>(choice.expert)];
      of.expert = static_cast<size_t>(choice.expert);
      of.tokens.push_back(static_cast<int32_t>(t));
      of.weights.push_back(choice.weight);
    }
  }
  std::erase_if(all, [](const ExpertTokens& of) { return of.tokens.empty(); });
  return all;
}

}  // namespace nety::model
