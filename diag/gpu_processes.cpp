// Whether other programs compute on a GPU.
#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_processes(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    auto finding = device_finding(subject, device, "processes", message::diag_gpu_processes_title,
                                  "processes", device.gpu.processes.has_value());
    if (!finding) return;
    if (device.gpu.processes) {
      finding->value = std::to_string(*device.gpu.processes);
      finding->data = *device.gpu.processes;
      if (*device.gpu.processes > 0) {
        finding->status = results::FindingStatus::kWarn;
        finding->consequence = subject.say(message::diag_gpu_processes_means);
        finding->remedy = subject.say(message::diag_gpu_memory_remedy);
      }
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
