// Pairs of programs that stay loaded side by side and take turns in slices: what disturbs the
// machine for longer than a turn hits all of them alike, and what is shorter hits single slices,
// which a median leaves out. Pairs of fresh processes stay the unit of the statistics, since the
// layout of memory is drawn once for a process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "bench/compare_subjects.h"
#include "bench/slice_plan.h"

namespace nety::bench {

/// Two programs to compare, each by the command that starts its worker.
struct SlicedPrograms {
  std::vector<std::string> baseline, candidate;
  CompareWorkload workload;
  bool fixed_prompt = false, fixed_pairs = false, fixed_budget = false;  ///< Not defaults.
  double available_bytes = 0;  ///< Memory; 0: unknown, which counts as enough.
};

/// How it will be done, or that it cannot be.
struct SlicedTrial {
  std::unique_ptr<PairSource> pairs;  ///< Null: whole runs have to do.
  SlicePlan plan;
  int protocol = 1;         ///< That all of them speak.
  double needed_bytes = 0;  ///< Of all programs together.
  std::string reason;       ///< Where `pairs` is null and memory is not why: what a program said.
};

/// Loads all programs once, side by side, and finds their speeds; that takes about as long as a
/// pair. Error: kEnvironment where a program gives no measurement at all.
SlicedTrial try_slices(const SlicedPrograms& programs, const CompareRequest& request);

/// The order of `count` programs within a turn: every order equally often, in random succession, so
/// that none profits from who came before it.
class TurnOrder {
 public:
  TurnOrder(size_t count, uint64_t seed);
  const std::vector<size_t>& next();

 private:
  std::vector<std::vector<size_t>> orders_;
  size_t used_ = 0;
  std::mt19937_64 random_;
};

}  // namespace nety::bench
