// How many sockets, cores, and threads per core.
#include "core/machine/topology.h"

#include "diag/probe.h"

namespace nety::diag::probes {

Findings cpu_topology(const Subject& subject) {
  constexpr const char* kId = "cpu.topology";
  const machine::Arrangement found = machine::arrangement(subject.machine);
  if (!found.cores)
    return {subject.unknown(kId, message::diag_topology_title, found.source,
                            subject.machine.read("/proc/cpuinfo").reason)};
  results::Finding finding = subject.finding(kId, message::diag_topology_title, found.source);
  finding.value = subject.say(message::diag_topology_value,
                              {std::to_string(*found.sockets), std::to_string(*found.cores),
                               std::to_string(*found.threads_per_core)});
  finding.data = *found.cores;
  return {finding};
}

}  // namespace nety::diag::probes
