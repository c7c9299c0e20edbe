// The user's own Python stack: what is installed, and what of it really works here. Small real
// tests run in that interpreter; what they mean is said here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/messages.h"
#include "core/machine/machine.h"
#include "core/measure/python.h"
#include "core/results/results.h"
#include "diag/examine.h"

namespace nety::diag {

/// What to look at, and for how long.
struct StackRequest {
  std::vector<std::string> pythons;   ///< As --python names them; empty: those found.
  bool facts_only = false;            ///< Versions; nothing is imported and nothing run.
  double check_limit_s = 40;          ///< For one test.
  double limit_s = 240;               ///< For all of them.
  std::function<bool()> interrupted;  ///< True ends it soon; may be empty.
  std::function<void(std::string_view check)> on_check;  ///< Told before each; may be empty.
};

/// What one small test found; a line of stack_probe.py.
struct StackCheck {
  std::string check;   ///< "int8_offload"
  std::string result;  ///< ok, wrong, slow, failed, crashed, timeout
  std::string step, error, where;
  std::map<std::string, double, std::less<>> numbers;  ///< "error_relative", "missing_bytes" ...
  std::string verdict{}, why{};  ///< Of a reported fault; see stack_reports.py.

  bool ok() const { return result == "ok"; }
  double number(std::string_view name) const;  ///< 0 if there is none.
};

/// Findings "stack.*": the interpreters, the versions and, unless facts_only, the tests of the
/// first interpreter that has the stack. Nothing installed is a normal result. Never throws.
std::vector<results::Finding> diagnose_stack(const machine::Machine& machine,
                                             const StackRequest& request, Language language);

/// A line of the tests' output; nothing if it is none.
std::optional<StackCheck> parse_stack_check(const std::string& line);
/// Runs the tests. A failure to run them is a check named "import".
std::vector<StackCheck> run_stack_checks(const measure::PythonStack& stack,
                                         const StackRequest& request);
/// What they mean.
std::vector<results::Finding> judge(const measure::PythonStack& stack,
                                    const std::vector<StackCheck>& checks, Language language);

/// The finding about a model in the story's 8-bit call: whether layers would be offloaded, how many
/// bytes are missing, and which of our modes fit (`fitting`, joined).
results::Finding judge_eight_bit_call(uint64_t needed_bytes, uint64_t available_bytes,
                                      const std::string& model, const std::string& fitting,
                                      Language language);
/// The same for a checkpoint on the machine of a diagnosis; nothing if its memory is unknown.
std::optional<results::Finding> eight_bit_call(const checkpoint::Checkpoint& checkpoint,
                                               const Diagnosis& diagnosis, Language language);

}  // namespace nety::diag
