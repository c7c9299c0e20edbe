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
enum class Nonlinearity : uint8_t {
  kSilu,
  kGeluTanh,
  /// gpt-oss: h = g sigmoid(1.702 g) (u + 1), with g at most LayerSpec::clamp, u between -clamp and
  /// clamp.
  kClampedSilu,
};
inline constexpr double kClampedSiluAlpha = 1.702;

/// How a router's scores become a token's choice of experts and their weights.
enum class Gating : uint8_t {
  kSoftmax,              ///< Softmax over all; the largest are chosen and keep their value.
  kSoftmaxRenormalised,  ///< The same, then what was chosen is divided by its sum.
  kSoftmaxOfChosen,      ///< The largest scores are chosen; softmax over these alone.
};

/// A mixture of experts in place of the feed-forward network: the sum of those that a router
/// chooses for a token, each a gated network of its own, times their weights.
struct Mixture {
  int64_t experts = 0;  ///< E; 0: the layer is dense.
  int64_t chosen = 0;   ///< Of a token: 1 to E.
  int64_t ffn_dim = 0;  ///< F of an expert.
  Gating gating = Gating::kSoftmax;
  bool biased = false;  ///< The router and the experts have biases.

  /// The share of the experts that a token has.
  double share() const { return static_cast<double>(chosen) / static_cast<double>(experts); }

  bool operator==(const Mixture&) const = default;
};

/// A backend takes what it needs of it as an argument of its operations, and refuses a model by
/// name whose layers have what it lacks.
struct LayerSpec {
  int64_t window = 0;  ///< Positions that a token attends to, its own included; 0: all before it.
  Rotary rotary = Rotary::kMain;
  HeadNorm head_norm = HeadNorm::kNone;
  double score_scale = 0;   ///< What q K' is multiplied by; 0: 1 / sqrt(d).
  double score_cap = 0;     ///< c: scores become c tanh(s / c); 0: as they are.
  bool sinks = false;       ///< Each head has one more score, of a value that is zero.
  double query_growth = 0;  ///< b: q times 1 + b ln(1 + floor(position / query_period)).
  int64_t query_period = 1;
  Nonlinearity nonlinearity = Nonlinearity::kSilu;
  double clamp = 0;           ///< Of Nonlinearity::kClampedSilu.
  bool gated = true;          ///< Whether the feed-forward network has a gate.
  Mixture mixture;            ///< In place of the one feed-forward network.
  bool norm_before = true;    ///< Both blocks read the normalised stream, else the stream itself.
  bool norm_after = false;    ///< What both blocks add to the stream is normalised first.
  bool parallel = false;      ///< Both blocks read the stream as it was before the layer.
  double residual_scale = 1;  ///< What is added to the stream is multiplied by this.

  bool is_mixture() const { return mixture.experts > 0; }

  bool operator==(const LayerSpec&) const = default;
};

}  // namespace nety::checkpoint
