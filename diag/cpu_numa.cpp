// Whether memory is near to some processors and far from others.
#include "core/base/units.h"
#include "core/machine/topology.h"

#include "diag/probe.h"

namespace nety::diag::probes {

Findings cpu_numa(const Subject& subject) {
  constexpr const char* kSource = "/sys/devices/system/node";
  const std::vector<machine::NumaNode> nodes = machine::numa_nodes(subject.machine);
  results::Finding finding = subject.finding("cpu.numa", message::diag_numa_title, kSource);
  if (nodes.empty()) {
    const auto answer = subject.machine.read("/sys/devices/system/node/online");
    if (answer.reason != "missing")
      return {subject.unknown("cpu.numa", message::diag_numa_title, kSource, answer.reason)};
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(message::diag_numa_none);
    return {finding};
  }
  finding.data = static_cast<double>(nodes.size());
  if (nodes.size() == 1) {
    finding.value = subject.say(message::diag_numa_one);
    return {finding};
  }
  finding.value = subject.say(message::diag_numa_several, {std::to_string(nodes.size())});
  for (const machine::NumaNode& node : nodes) {
    finding.value += &node == &nodes.front() ? ": " : "; ";
    finding.value +=
        subject.say(message::diag_numa_node,
                    {std::to_string(node.id), std::to_string(node.processors.size()),
                     node.total_bytes ? format_bytes(*node.total_bytes) : std::string("?")});
  }
  finding.status = results::FindingStatus::kWarn;
  finding.consequence = subject.say(message::diag_numa_far);
  finding.remedy = subject.say(message::diag_numa_remedy);
  return {finding};
}

}  // namespace nety::diag::probes
