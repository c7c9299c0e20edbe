// What this machine and this build of the program reach together: the walls, measured, and how near
// each mode comes to them. Predictions of speed are made from this and from nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nety::measure {

/// A rate while it was measured: its median, and what nine of ten samples lay between.
struct Spread {
  double median = 0, low = 0, high = 0;
};
Spread spread_of(std::vector<double> samples);

/// The memory's wall: reading that many bytes again and again. Few bytes stay in a cache.
struct ReadRate {
  uint64_t bytes = 0;
  int threads = 1;
  Spread bytes_per_s;
};

/// What one mode costs on all threads of the calibration. Bytes are those of the file's format,
/// whatever layout the backend multiplies in.
struct ModeCost {
  std::string mode, kernel;
  /// Decode. A byte of weights takes ((1 / (rate memory_share))^p + byte_s^p)^(1/p) seconds, where
  /// `rate` is what plain reading reaches and p is kOverlap; a layer takes layer_s besides.
  double memory_share = 1;  ///< Of reading, where the memory is the limit.
  double byte_s = 0;        ///< Out of the cores' own caches: the arithmetic's limit.
  double layer_s = 0;       ///< What is not weights: barriers, norms, activations.
  /// Prefill. A step of T tokens takes weights (unpack_s + T multiply_s) + T activations
  /// activation_s: see policy/prediction.h.
  double unpack_s = 0, multiply_s = 0, activation_s = 0;
  double convert_s = 0;  ///< Load: a weight brought into this mode, from bf16 or from its blocks.
  /// Half of what nine of ten samples spread over, as a share of their median.
  double decode_spread = 0, prefill_spread = 0;
  /// What prefill multiplies in: "fp32", "bf16", "int8". Its peak is in Calibration::peaks.
  std::string type;
};

/// How reading and arithmetic that overlap add up. 1 would be one after the other, infinity the
/// larger of both.
inline constexpr double kOverlap = 3;

/// The machine a calibration is of.
struct CalibratedMachine {
  std::string id, cpu;  ///< Fingerprint: results::Machine::id.
  uint64_t memory_total_bytes = 0;
  uint64_t memory_available_bytes = 0;  ///< When it was calibrated.
};

struct Calibration {
  std::string tool, build, created_utc;
  CalibratedMachine machine;
  std::string isa;  ///< Forced kernel family; empty: the best.
  int threads = 1;
  double took_s = 0;
  std::vector<ReadRate> reads;
  std::map<std::string, double> peaks;  ///< Operations per second of all threads, by type.
  std::vector<ModeCost> modes;
  /// Attention: seconds per operation in prefill, and the share of reading that keys and values
  /// reach in decode.
  double attention_s = 0, cache_share = 1;
  /// A layer with a mixture of experts: seconds besides layer_s for a token, and how many times as
  /// long as its weights take dense a step takes with its tokens dealt out.
  double mixture_layer_s = 0, mixture_factor = 1;
  std::optional<double> disk_bytes_per_s;  ///< Absent: not measured.

  const ModeCost* find(std::string_view mode) const;
  /// What reading `bytes` with all threads reaches: between the sizes that were measured, by their
  /// logarithms. Zeros if nothing was.
  Spread read_rate(uint64_t bytes) const;
};

/// What `schema` says in every file, and the only one that is read: docs/schema.
inline constexpr std::string_view kCalibrationSchema = "nety.calibration/1";

std::string to_json(const Calibration& calibration);
/// Error: kUsage if it is not JSON, not of this schema, or a value is missing, of a wrong type or
/// outside what a measurement can give. `source` names the text.
Calibration calibration_from_json(std::string_view text, const std::string& source);

}  // namespace nety::measure
