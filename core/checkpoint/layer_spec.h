// What one layer computes: where decoders of different families differ.
#pragma once

#include <cstdint>

namespace nety::checkpoint {

/// Which of a model's rotary embeddings turns queries and keys.
enum class Rotary : uint8_t {
  kNone,   ///< None: the layer knows positions by its mask alone.
  kMain,   ///< ModelConfig::rope
  kLocal,  ///< ModelConfig::local_rope
};

/// What queries and keys are normalised over, by RMSNorm, before they are rotated.
enum class HeadNorm : uint8_t {
  kNone,
  kHead,  ///< Each head by itself, with one weight for all: [d].
  kRow,   ///< All heads of a token together: [H d] and [G d].
};

/// f of the feed-forward network h = f(Wg n) * (Wu n), or h = f(Wu n) where it has no gate.
enum class Nonlinearity : uint8_t { kSilu, kGeluTanh };

/// A backend takes what it needs of it as an argument of its operations, and refuses a model by
/// name whose layers have what it lacks.
struct LayerSpec {
  int64_t window = 0;  ///< Positions that a token attends to, its own included; 0: all before it.
  Rotary rotary = Rotary::kMain;
  HeadNorm head_norm = HeadNorm::kNone;
  double score_scale = 0;   ///< What q K' is multiplied by; 0: 1 / sqrt(d).
  double score_cap = 0;     ///< c: scores become c tanh(s / c); 0: as they are.
  double query_growth = 0;  ///< b: q times 1 + b ln(1 + floor(position / query_period)).
  int64_t query_period = 1;
  Nonlinearity nonlinearity = Nonlinearity::kSilu;
  bool gated = true;          ///< Whether the feed-forward network has a gate.
  bool norm_before = true;    ///< Both blocks read the normalised stream, else the stream itself.
  bool norm_after = false;    ///< What both blocks add to the stream is normalised first.
  bool parallel = false;      ///< Both blocks read the stream as it was before the layer.
  double residual_scale = 1;  ///< What is added to the stream is multiplied by this.

  bool operator==(const LayerSpec&) const = default;
};

}  // namespace nety::checkpoint
