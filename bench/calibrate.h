// The calibration of this machine and this build: walls and every mode's share of them, measured on
// random weights within a time limit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/machine/machine.h"
#include "core/measure/calibration.h"
#include "core/precision/mode.h"

namespace nety::bench {

struct CalibrationRequest {
  std::string tool, build;
  std::string isa;  ///< Forced kernel family; empty: the best.
  int threads = 1;
  double limit_s = 50;
  uint64_t memory_bytes = 0;  ///< What it may take: large models are made smaller to fit.
  std::string disk_file;      ///< Whose file system is timed; empty: none is.
  std::vector<precision::ModeId> modes;  ///< In the order of importance: see calibration_order().
  std::function<bool()> interrupted = [] { return false; };
  /// Told of every timing that costs are made from, a line each.
  std::function<void(const std::string&)> tell = [](const std::string&) {};
};

/// All modes, those that people use first: the time may not suffice for the others.
std::vector<precision::ModeId> calibration_order();

/// Measures walls, attention and mixtures, then as many modes as fit in the limit; at least one.
/// Takes up to a fifth of the memory. Errors: kMemory, kInterrupted, kEnvironment (no such kernel
/// family here).
measure::Calibration calibrate(const CalibrationRequest& request, Progress& progress);

}  // namespace nety::bench
