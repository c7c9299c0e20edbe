// Whether the driver stays loaded when no program uses a GPU.
#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_persistence(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    auto finding =
        device_finding(subject, device, "persistence", message::diag_gpu_persistence_title,
                       "persistence", device.gpu.persistence.has_value());
    if (!finding) return;
    if (device.gpu.persistence) {
      const bool on = *device.gpu.persistence;
      finding->value = subject.say(on ? message::diag_gpu_on : message::diag_gpu_off);
      finding->data = on ? 1 : 0;
      if (!on) finding->consequence = subject.say(message::diag_gpu_persistence_off);
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
