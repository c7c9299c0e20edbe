// How likely the model itself thought a token, and which others it thought likely.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nety::engine {

/// The natural logarithm of a token's probability.
struct LogProbability {
  int32_t id = 0;
  float logprob = 0;
};

struct LogProbabilities {
  float chosen = 0;                       ///< Of the token that was picked.
  std::vector<LogProbability> likeliest;  ///< The likeliest first, the lower id among equals.
};

inline constexpr int32_t kMostLogprobs = 20;  ///< As many as OpenAI's `top_logprobs` may ask for.

/// Of token `chosen`, and of the `count` likeliest tokens. By the model's own logits [V], before
/// bias, penalties, temperature and masks, as vLLM (`raw_logprobs`) and llama-server give them
/// where nothing else is asked for: so they say what the model thinks, whatever the sampling. A
/// logit that is not finite has no probability: -inf.
LogProbabilities log_probabilities(std::span<const float> logits, int32_t chosen, int32_t count);

}  // namespace nety::engine
