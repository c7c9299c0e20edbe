// From logits to the next token.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace nety::engine {

/// Sampling options, applied in this order: repeat penalty, temperature, top-k, top-p, min-p, as in
/// transformers; or with the temperature last, as in llama.cpp. Greedy overrides all of them, the
/// penalty included.
struct SamplingOptions {
  bool greedy = false;
  double temperature = 0.8;     ///< 0: the likeliest after the penalty.
  int32_t top_k = 40;           ///< 0: all.
  double top_p = 0.95;          ///< 1: all.
  double min_p = 0.0;           ///< Share of the best probability a token must have; 0: none.
  double repeat_penalty = 1.0;  ///< 1: none. Divides positive logits of recent tokens (CTRL, 2019).
  bool temperature_last = false;
  uint64_t seed = 0;
};

/// Picks tokens; the same seed and logits give the same tokens on every machine.
class Sampler {
 public:
  /// A token and its chance; one for every token of the vocabulary.
  struct Candidate {
    int32_t id;
    float logit;
    double weight;
  };

  explicit Sampler(const SamplingOptions& options) : options_(options), random_(options.seed) {}

  /// The next token for `logits` [V]; `recent` are the tokens the repeat penalty looks at.
  /// Error: kInternal if no logit is finite.
  int32_t pick(std::span<const float> logits, std::span<const int32_t> recent);

 private:
  void penalise(std::span<const int32_t> recent);
  void keep_likely();

  SamplingOptions options_;
  std::mt19937_64 random_;
  std::vector<Candidate> candidates_;
};

/// The index of the largest logit, the lowest such index among equals.
/// Error: kInternal if no logit is finite.
int32_t argmax(std::span<const float> logits);

}  // namespace nety::engine
