// Whether there are GPUs and, if so, why each is or is not used. None is a normal result.

#include <optional>

#include "core/base/words.h"
#include "core/machine/gpu.h"

#include "core/base/units.h"
#include "diag/probe.h"

namespace nety::diag::probes {
namespace {

/// What a usable GPU would compute faster with.
std::optional<results::Finding> library_finding(const Subject& subject) {
  if (subject.gpu_lacks.empty()) return std::nullopt;
  results::Finding finding =
      subject.finding("gpu.libraries", message::diag_gpu_libraries_title, "the loader's folders");
  finding.status = results::FindingStatus::kWarn;
  finding.value = subject.say(message::diag_gpu_libraries_missing, {joined(subject.gpu_lacks)});
  finding.consequence = subject.say(message::diag_gpu_libraries_means);
  finding.remedy = subject.say(message::diag_gpu_libraries_remedy);
  return finding;
}

}  // namespace

Findings gpu(const Subject& subject) {
  constexpr const char* kSource = "libcuda.so.1, libnvidia-ml.so.1, /sys/bus/pci, /proc/driver";
  Findings found;
  bool used = false;
  for (const machine::FoundGpu& each : machine::find_gpus(subject.machine)) {
    results::Finding& finding = found.emplace_back(
        subject.finding("gpu." + std::to_string(found.size()), message::diag_gpu_title, kSource));
    finding.value = each.gpu.name;
    if (!each.gpu.compute_capability.empty())
      finding.value +=
          ", " + subject.say(message::diag_gpu_capability, {each.gpu.compute_capability});
    if (!each.trouble) {
      used = subject.gpu_backend;
      if (!subject.gpu_backend) finding.consequence = subject.say(message::diag_gpu_idle);
      continue;
    }
    finding.status = results::FindingStatus::kWarn;
    finding.consequence =
        subject.say(message::diag_gpu_unused, {render(*each.trouble, subject.language)});
  }
  if (used)
    if (const auto finding = library_finding(subject)) found.push_back(*finding);
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
