// Results as they could have been measured, fixed for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/results/results.h"

namespace nety::reports {

/// Everything at once: a GPU, the installed stack beside native and torch, two depths, gaps between
/// tokens, the stack's small tests.
results::File complete_file();
/// Two machines and two models, merged.
results::File fleet_file();
/// A machine with AVX-512 where bf16 beats fp32 twice at hardly any loss; a Q4_1 source, torch
/// beside native, quality, findings, a decision for fp32. No GPU.
results::File machine_file();
/// A laptop with AVX2 only, where the 16-bit modes are slow and fp32 is right.
results::File laptop_file();
/// One row of every status, and metrics without values.
results::File failing_file();
/// Every string hostile: markup, quotes, newlines, escapes, bytes that are not UTF-8.
results::File hostile_file();
/// Nothing at all.
results::File empty_file();

/// Hostile strings that `hostile_file` is made of.
extern const std::vector<std::string> kHostile;

/// Numbers to build configurations from. A rate has 6 samples around the value given, `spread`
/// wide.
struct Sketch {
  std::string mode, backend = "native";
  double load_s = 0.04, first_s = 0.1, peak_mb = 600, anon_mb = 40, weights_mb = 538;
  double pp_tps = 1000, tg_tps = 80, bandwidth_gbs = 49;
  double nll = 3.63, kld = 0, top1 = 1;
  double kld_half = 1e-4, top1_half = 0.005;  ///< Half widths of intervals.
  double spread = 0.01;
  bool reference = false, quality = true;
  std::string device = "cpu";
};
/// One row of a configuration, with no metric yet.
results::Result empty_row(const Sketch& sketch, const std::string& phase);
/// The rows of one configuration, for machine "m1" and model "smollm2".
void add_configuration(results::File& file, const Sketch& sketch);
/// The decode row of a configuration again, at that depth.
void add_depth(results::File& file, const Sketch& sketch, int64_t depth);
/// A finding "stack.<check>".
void add_stack_check(results::File& file, const std::string& check, results::FindingStatus status,
                     const std::string& value);
/// A decision for that mode on the native backend.
void decide_for(results::File& file, const std::string& mode);
/// Machine, model and workload without rows.
results::File bare_file();

}  // namespace nety::reports
