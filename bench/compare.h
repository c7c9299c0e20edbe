// Two programs, one machine, one question: did it get slower? Pairs of observations taken in turn,
// until the gated figures are decided. What is observed is a Subject's business
// (compare_subjects.h), what pairs mean is core/results/change.h's; docs/compare.md explains the
// method.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/results/change.h"
#include "core/results/results.h"

namespace nety::bench {

/// Which figure it is: the row of a result file and its metric.
struct FigureKey {
  std::string metric, mode, backend, phase;
  int64_t n_prompt = 0, n_gen = 0, depth = 0;
  auto operator<=>(const FigureKey&) const = default;
};

struct Figure {
  FigureKey key;
  std::string unit;
  double value = 0;
  /// Of a candidate: its ratio to the baseline where that was measured closer than by the two
  /// values, as the median over slices taken in turn.
  std::optional<double> ratio{};
};

/// Everything that one observation of a program gave.
using Observation = std::vector<Figure>;

/// Keeps the better value of each figure: noise only ever makes a run slower.
Observation better_of(const Observation& one, const Observation& other);

/// A program that can be observed.
class Subject {
 public:
  virtual ~Subject() = default;
  /// One observation: the better of two runs back to back. Error: kEnvironment, saying which
  /// program gave no figures and why.
  virtual Observation observe() = 0;
  /// The next observation shall come from a fresh process.
  virtual void renew() {}
};

/// What one pair gave; `again` is empty without an A/A check.
struct ObservedPair {
  Observation baseline, candidate, again;
};

class CompareObserver;

/// Where pairs come from: whole runs of the programs, or slices of all of them in turn.
class PairSource {
 public:
  virtual ~PairSource() = default;
  /// The next pair, when there are `done` already; none: interrupted. Error: kEnvironment, saying
  /// which program gave no figures and why.
  virtual std::optional<ObservedPair> next(int64_t done, CompareObserver& observer) = 0;
};

/// A metric that decides, and its margin if not the table's.
struct Gate {
  std::string metric;
  std::optional<double> margin;
};

struct CompareRequest {
  int64_t least = 10, most = 40;  ///< Pairs.
  std::vector<Gate> gates = {{"tg_tps", {}}, {"pp_tps", {}}};
  std::string mode;         ///< Whose figures the gates mean; empty: the first one seen.
  int64_t renew_every = 1;  ///< Pairs that share a process of each program.
  bool self_check = true;   ///< Compare the baseline with itself as well.
  double error = 0.05;      ///< Of all gated verdicts together.
  double budget_s = 0;      ///< No pair beyond `least` is begun after that; 0: no limit.
};

/// Told what happens. The base class ignores it.
class CompareObserver {
 public:
  virtual ~CompareObserver() = default;
  /// Before each pair: how many are done.
  virtual void pair(int64_t /*done*/, const CompareRequest& /*request*/) {}
  virtual bool interrupted() { return false; }
};

struct ComparedPrograms {
  std::vector<results::Comparison> comparisons;  ///< The gated ones first.
  std::vector<results::Comparison> self;         ///< The baseline with itself: the gated figures.
  int64_t pairs = 0;
  double seconds = 0;
  bool fit = true;  ///< False: the baseline differs from itself; nothing here can be believed.
  bool interrupted = false;
};

/// Takes pairs and stops at the first look at which every gated figure is decided.
/// Error: kUsage for a nonsensical request; what the source throws.
ComparedPrograms compare(PairSource& pairs, const CompareRequest& request,
                         CompareObserver& observer);

/// Whole runs in the order A B A', A' B A, ... where A' is a second process of the baseline (or A
/// B, B A without self_check).
ComparedPrograms compare(Subject& baseline, Subject& candidate, Subject& baseline_again,
                         const CompareRequest& request, CompareObserver& observer);

/// Two result files whose samples are paired in the order they were taken. Not interleaved: a drift
/// of the machine between them counts as a change. Other machine or other model: incomparable.
ComparedPrograms compare_files(const results::File& baseline, const results::File& candidate,
                               const CompareRequest& request);

/// Whether a verdict is inconclusive because no outcome with so few samples would be a verdict.
bool too_few_to_decide(const results::Comparison& comparison);

/// What is different about two machines, for people: "cpu: A, B; threads: 2, 4". Empty: nothing.
std::string differences(const results::Machine& one, const results::Machine& other);

/// A file's figures, each the median of its samples.
Observation figures_of(const results::File& file);

/// Throws kUsage for a gate that no metric has, naming those that can be compared.
void check(const CompareRequest& request);

}  // namespace nety::bench
