// The machine's tree as hwloc sees it, for those who know it from lstopo. The library is optional.
#include "diag/probe.h"

namespace nety::diag::probes {

Findings cpu_hwloc(const Subject& subject) {
  const auto tree = subject.machine.topology();
  results::Finding finding =
      subject.finding("cpu.hwloc", message::diag_hwloc_title, "libhwloc.so.15");
  if (tree) {
    finding.value = *tree.value;
    return {finding};
  }
  finding.status = results::FindingStatus::kAbsent;
  finding.value = subject.say(message::diag_hwloc_none, {tree.reason});
  finding.consequence = subject.say(message::diag_hwloc_none_fine);
  return {finding};
}

}  // namespace nety::diag::probes
