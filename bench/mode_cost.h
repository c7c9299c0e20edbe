// From timings of calibration models to the costs of a mode: equations, and nothing is measured
// here.
#pragma once

#include <cstdint>

#include "core/measure/calibration.h"

namespace nety::bench {

/// A model's decode as it was timed.
struct TimedDecode {
  double token_s = 0;
  double bytes = 0;             ///< Of weights, read per token.
  double read_bytes_per_s = 0;  ///< What reading reached in turns with it; 0: out of caches.
  double layers = 0;
};

/// memory_share, byte_s and layer_s by three models: one in the caches, one of small layers, one of
/// large ones.
void solve_decode(const TimedDecode& tiny, const TimedDecode& small, const TimedDecode& large,
                  measure::ModeCost& cost);

/// One step of a prompt as it was timed, without what attention and layers take.
struct TimedPrompt {
  double step_s = 0;
  double tokens = 0;
  double weights = 0;      ///< Of the layers' matrices.
  double activations = 0;  ///< Values that a token has in all layers: activations_of().
};

/// unpack_s, multiply_s and activation_s by a short and a long prompt of the same model and one of
/// a model with smaller layers.
void solve_prefill(const TimedPrompt& brief, const TimedPrompt& whole, const TimedPrompt& small,
                   measure::ModeCost& cost);

}  // namespace nety::bench
