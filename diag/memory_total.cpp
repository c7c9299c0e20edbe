// How much memory the machine has.
#include "core/base/units.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings memory_total(const Subject& subject) {
  constexpr const char* kId = "memory.total";
  const std::string source = "/proc/meminfo MemTotal";
  const machine::MemoryBudget budget = machine::memory_budget(subject.machine);
  if (budget.total_bytes == 0)
    return {subject.unknown(kId, message::diag_total_title, source,
                            subject.machine.read("/proc/meminfo").reason)};
  results::Finding finding = subject.finding(kId, message::diag_total_title, source);
  finding.value = format_bytes(budget.total_bytes);
  finding.data = static_cast<double>(budget.total_bytes);
  return {finding};
}

}  // namespace nety::diag::probes
