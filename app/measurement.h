// What bench and report share: the options of a measurement, and running it with its progress
// shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/command.h"
#include "bench/run.h"
#include "core/base/error.h"
#include "core/results/results.h"
#include "diag/examine.h"

namespace nety::app {

class MeasurementOptions {
 public:
  std::string model;  ///< Empty: the default one, or the shape.
  bool quality_by_default = false;
  std::string budget;   ///< As --budget takes it; empty: as long as it takes.
  bool slices = false;  ///< By slices that decide claims, unless -r says how many rounds to make.
  results::Admissible admissible;
  std::string usual_budget;          ///< The same, where no option says how many rounds to make.
  std::vector<std::string> streams;  ///< Paths of JSON lines to write while it runs.

  void declare(Arguments& arguments);
  /// Probes the machine, decides by the policy, measures. Findings and decision are in the file;
  /// claims are not judged yet. Errors: kUsage; those of opening the model.
  results::File run(const Context& context);
  /// After run(): a contender that could not be measured, for when the rest has been shown.
  std::optional<Error> refusal;

 private:
  bench::BenchRequest request(const Context& context, const policy::Evidence& here) const;
  diag::Diagnosis examine(const bench::BenchRequest& request, policy::Evidence here,
                          const Context& context) const;

  std::vector<std::string> pythons_, contenders_;
  std::string contender_limit_;
  std::string shape_, modes_, backends_, quality_;
  options::RunOptions run_;
  std::vector<int64_t> prompts_, depths_ = {0}, generate_;  // empty: --quick decides
  int64_t repetitions_ = 0;
  bool quick_ = false, no_quality_ = false;
};

/// The exit code for a measurement that was ended by Ctrl-C, or 0.
int exit_code_of(const results::File& file);

}  // namespace nety::app
