// How much memory can be had now, and what stands in the way.
#include "core/base/units.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings memory_available(const Subject& subject) {
  constexpr const char* kId = "memory.available";
  const machine::MemoryBudget budget = machine::memory_budget(subject.machine);
  if (budget.limited_by.empty())
    return {subject.unknown(kId, message::diag_available_title, "/proc/meminfo MemAvailable",
                            subject.machine.read("/proc/meminfo").reason)};
  results::Finding finding = subject.finding(kId, message::diag_available_title, budget.limited_by);
  finding.value = format_bytes(budget.available_bytes);
  finding.data = static_cast<double>(budget.available_bytes);
  const bool by_machine = budget.limited_by.starts_with("Mem");
  if (!by_machine) {
    finding.value += " (" + budget.limited_by + ")";
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_available_limited);
    finding.remedy = subject.say(message::diag_available_limited_remedy);
  } else if (budget.available_bytes < budget.total_bytes / 10) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_available_low);
    finding.remedy = subject.say(message::diag_available_low_remedy);
  }
  return {finding};
}

}  // namespace nety::diag::probes
