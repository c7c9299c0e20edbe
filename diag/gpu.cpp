// Whether there is a GPU and, if so, why it is or is not used. None is a normal result.
#include "diag/probe.h"

namespace nety::diag::probes {

Findings gpu(const Subject& subject) {
  constexpr const char* kSource = "/sys/bus/pci, /proc/driver/nvidia";
  Findings found;
  for (const results::Gpu& gpu : machine::gpus(subject.machine)) {
    results::Finding& finding = found.emplace_back(
        subject.finding("gpu." + std::to_string(found.size()), message::diag_gpu_title, kSource));
    finding.value = gpu.name;
    if (gpu.usable) continue;
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_gpu_unused, {gpu.reason});
  }
  if (!found.empty()) return found;
  const auto bus = subject.machine.list("/sys/bus/pci/devices");
  const auto driver = subject.machine.list("/proc/driver/nvidia/gpus");
  for (const auto& answer : {bus, driver}) {
    if (!answer && answer.reason != "missing")
      return {subject.unknown("gpu", message::diag_gpu_title, kSource, answer.reason)};
  }
  results::Finding none = subject.finding("gpu", message::diag_gpu_title, kSource);
  none.status = results::FindingStatus::kAbsent;
  none.value = subject.say(message::diag_gpu_none);
  none.consequence = subject.say(message::diag_gpu_none_fine);
  return {none};
}

}  // namespace nety::diag::probes
