// The benchmark: every configuration in a worker of its own, measured in turn with the others, so
// that a drift of the machine weighs on all alike and a failure on one only. Rounds give each as
// much time (rounds.cpp); slices go where they decide something (sequential.cpp, schedule.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/plan.h"
#include "core/results/results.h"

namespace nety::bench {

/// Where a run is.
struct Step {
  std::string what;  ///< "fp32 native: decode"
  int done = 0, total = 0;
  double elapsed_s = 0;
  std::optional<double> left_s;  ///< Once there is something to base it on.
};

/// What a run by slices expects, from speeds it has measured.
struct Expectation {
  double ends_s = 0;     ///< From now, at the latest.
  double decided_s = 0;  ///< From now, when everything that can be decided is.
  struct TooLong {
    std::string question;           ///< "bf16 native / fp32 native"
    std::optional<double> seconds;  ///< It would take; none: nobody can tell, or a tie.
  };
  std::vector<TooLong> too_long;  ///< What the time left cannot decide.
};

/// Told what happens while it happens. The base class ignores everything.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void step(const Step& /*step*/) {}
  /// A worker's own progress within a step: "Loading weights", 12 of 272.
  virtual void progress(const std::string& /*label*/, double /*done*/, double /*total*/) {}
  /// Once, within the first seconds of a run by slices.
  virtual void expect(const Expectation& /*expectation*/) {}
  /// A contender that is not measured: `answers` says why, and what to do.
  virtual void refused(const Contender& /*contender*/) {}
  /// A row has a new sample, or has failed. The same key comes again and again.
  virtual void row(const results::Result& /*row*/) {}
  /// True ends the run soon; what was measured is kept.
  virtual bool interrupted() { return false; }
};

/// Measures all of it. Never fails for what a worker does: that is a row's status. The file has
/// machines, models, workload, results and warnings; findings, decision and claims are others'.
/// Error: kUsage as check() says.
results::File run(const BenchRequest& request, const results::Machine& machine, Observer& observer);

}  // namespace nety::bench
