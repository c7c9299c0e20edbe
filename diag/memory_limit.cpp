// The smallest limit on this process's memory, of its control groups and of its session.
#include "core/base/units.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings memory_limit(const Subject& subject) {
  const machine::MemoryBudget budget = machine::memory_budget(subject.machine);
  results::Finding finding =
      subject.finding("memory.limit", message::diag_limit_title, "cgroup, RLIMIT_AS");
  if (!budget.limit_bytes) {
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(message::diag_limit_none);
    return {finding};
  }
  finding.value = subject.say(
      message::diag_limit_value,
      {format_bytes(*budget.limit_bytes), format_bytes(budget.limit_used_bytes.value_or(0))});
  finding.data = static_cast<double>(*budget.limit_bytes);
  return {finding};
}

}  // namespace nety::diag::probes
