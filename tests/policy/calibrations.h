// A machine for tests of predictions: round numbers.
#pragma once

#include "core/measure/calibration.h"

namespace nety::policy {

inline measure::ModeCost cost_of(const std::string& mode, const std::string& type) {
  measure::ModeCost cost;
  cost.mode = mode;
  cost.memory_share = 0.5;
  cost.layer_s = 1e-4;
  cost.multiply_s = 1e-11;
  cost.unpack_s = 1e-10;
  cost.activation_s = 1e-9;
  cost.convert_s = 2e-9;
  cost.decode_spread = cost.prefill_spread = 0.05;
  cost.type = type;
  return cost;
}

/// Reads 20 GB/s whatever the size; fp32, bf16, int8 and nf4 are calibrated.
inline measure::Calibration round_machine() {
  measure::Calibration out;
  out.machine = {"round-2t", "Round", 32'000'000'000, 30'000'000'000};
  out.threads = 2;
  out.reads = {{1'000'000'000, 2, {20e9, 16e9, 22e9}}};
  out.peaks = {{"fp32", 2e11}, {"int8", 8e11}};
  out.modes = {cost_of("fp32", "fp32"), cost_of("bf16", "fp32"), cost_of("int8", "int8"),
               cost_of("nf4", "fp32")};
  out.attention_s = 2e-11;
  out.cache_share = 0.25;
  out.mixture_layer_s = 5e-5;
  out.mixture_factor = 2;
  out.disk_bytes_per_s = 1e9;
  return out;
}

}  // namespace nety::policy
