// Whether this is a container: its limits are then set elsewhere.
#include "diag/probe.h"

namespace nety::diag::probes {

Findings container(const Subject& subject) {
  constexpr const char* kSource =
      "/run/systemd/container, /run/.containerenv, /.dockerenv, /proc/self/cgroup";
  results::Finding finding = subject.finding("container", message::diag_container_title, kSource);
  finding.value = machine::container(subject.machine);
  if (!finding.value.empty()) return {finding};
  const auto cgroups = subject.machine.read("/proc/self/cgroup");
  if (!cgroups && cgroups.reason != "missing")
    return {subject.unknown("container", message::diag_container_title, kSource, cgroups.reason)};
  finding.status = results::FindingStatus::kAbsent;
  finding.value = subject.say(message::diag_container_none);
  return {finding};
}

}  // namespace nety::diag::probes
