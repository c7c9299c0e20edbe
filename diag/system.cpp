// Operating system, kernel, and what they run on.
#include "core/base/words.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings system(const Subject& subject) {
  constexpr const char* kSource = "/etc/os-release, /proc/sys/kernel/osrelease, confstr, CPUID";
  const std::string parts[] = {
      machine::system_name(subject.machine), machine::kernel_release(subject.machine),
      subject.machine.libc().value.value_or(""), machine::hypervisor(subject.machine)};
  results::Finding finding = subject.finding("system", message::diag_system_title, kSource);
  for (const std::string& part : parts) {
    if (!part.empty()) append_word(finding.value, part);
  }
  if (finding.value.empty())
    return {subject.unknown("system", message::diag_system_title, kSource,
                            subject.machine.read("/etc/os-release").reason)};
  return {finding};
}

}  // namespace nety::diag::probes
