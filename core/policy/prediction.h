// How fast a model will be: from its shape, a mode and what this machine and build reach together
// (core/measure/calibration.h). A pure function; nothing else predicts.
//
// A token of decode reads every weight that it uses once, and the keys and values before it:
//   sum over modes of (bytes * byte_seconds) + layers * layer_s + cache bytes / (rate cache_share)
// A step of T tokens of a prompt multiplies every weight with all of them:
//   sum of weights * (unpack_s + T multiply_s) + T activations activation_s + attention
//   + layers * layer_s
// and a prompt is read in steps of 512 tokens, then its last token's logits are computed.
#pragma once

#include <optional>
#include <span>

#include "core/measure/calibration.h"
#include "core/policy/plan.h"

namespace nety::policy {

/// A figure and what nine of ten measurements are expected to lie between.
struct Estimate {
  double value = 0, low = 0, high = 0;
};

/// What a prediction was made from.
enum class Basis : uint8_t {
  kCalibrated,  ///< The mode was measured here.
  kWalls,       ///< Memory and arithmetic alone; of the mode a usual share of them is assumed.
};

/// What is predicted for.
struct Workload {
  int64_t prompt = 512;  ///< Tokens read before the first one is made.
  int64_t depth = 512;   ///< Tokens in the context where decode is timed.
  /// Reading that was measured at the same time, with as many bytes as a token reads; nothing: as
  /// when the machine was calibrated.
  std::optional<double> read_bytes_per_s{};
};

struct Prediction {
  Basis basis = Basis::kCalibrated;
  Estimate decode_tps, prefill_tps;
  Estimate first_token_s;             ///< Reading the prompt; loading not included.
  double load_warm_s = 0;             ///< The file is in memory.
  std::optional<double> load_cold_s;  ///< It comes from storage; nothing: that was not measured.
};

/// How far predictions of decode and prefill are off besides what the machine's speed varies, as a
/// share: bench/roofline/predictions.py says what they are on a machine.
inline constexpr double kDecodeError = 0.12, kPrefillError = 0.15;
/// The same where only walls are known.
inline constexpr double kWallsError = 0.5;

/// Seconds that a byte of weights takes while reading alone reaches `read_bytes_per_s`; out of
/// caches if that is 0.
double byte_seconds(const measure::ModeCost& cost, double read_bytes_per_s);

/// Values that a token has between products, in all layers: what activation_s is for.
double activations_of(const checkpoint::ModelConfig& config);
/// Operations of attention of `tokens` tokens from position `depth` on, in all layers.
double attention_operations(const checkpoint::ModelConfig& config, int64_t tokens, int64_t depth);

/// What a mode costs that was not measured: a usual share of the calibration's walls.
measure::ModeCost usual_cost(const precision::Mode& mode, const measure::Calibration& calibration);

/// `weights` may be counted (counted_weights.h). `plan`: of the same, for its cache. `mode`
/// nothing: as stored. Rates are 0 where the calibration has no walls at all.
Prediction predict(const checkpoint::ModelConfig& config, std::span<const PlannedWeight> weights,
                   std::optional<precision::ModeId> mode, std::optional<precision::ModeId> head,
                   const MemoryPlan& plan, const measure::Calibration& calibration,
                   const Workload& workload = {});

}  // namespace nety::policy
