// The options of nety diag that try modes, and the line of progress while it does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/command.h"
#include "core/machine/machine.h"
#include "core/options/run_options.h"
#include "diag/needs.h"
#include "diag/requirement.h"
#include "diag/viability.h"

namespace nety::app {

struct TrialRun {
  bool quick = false;
  options::RunOptions run;
  std::vector<std::string> require;

  void declare(Arguments& arguments);
  /// A full run under usual conditions, as models are run.
  bool as_usual() const { return !quick && options::conditions(run).empty(); }
  /// "--require help" was asked for.
  bool wants_help() const;
  /// What `--require` says, understood. Error: kUsage.
  std::vector<diag::Requirement> requirements() const;
  /// Tries what is needed; of everything: every mode that can be made, and `stored_mode` if it is
  /// not empty, on every backend. None where nothing has to be tried or measured. Errors: kUsage,
  /// kEnvironment for an --isa that is unknown or that the processor lacks.
  std::optional<diag::Trials> try_modes(const Context& context, const machine::Machine& machine,
                                        const std::string& stored_mode,
                                        const diag::Needs& needs) const;
};

/// Exit code 6 after everything was printed, naming each requirement that is not met. Error:
/// kRequirement.
void hold_requirements(const std::vector<diag::RequirementCheck>& checks);

}  // namespace nety::app
