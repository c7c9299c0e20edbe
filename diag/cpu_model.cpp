// Which processor it is.
#include "diag/probe.h"

namespace nety::diag::probes {

Findings cpu_model(const Subject& subject) {
  constexpr const char* kId = "cpu.model";
  const bool has_cpuid = static_cast<bool>(subject.machine.cpuid(0, 0));
  const std::string source = has_cpuid ? "CPUID" : "/proc/cpuinfo";
  const std::string name = machine::cpu_model(subject.machine);
  const auto info = subject.machine.read("/proc/cpuinfo");
  if (!has_cpuid && !info)
    return {subject.unknown(kId, message::diag_cpu_title, source, info.reason)};
  results::Finding finding = subject.finding(kId, message::diag_cpu_title, source);
  finding.value = name;
  return {finding};
}

}  // namespace nety::diag::probes
