// Whether a GPU is split into slices, each with its share of memory and processors.
#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_mig(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    auto finding = device_finding(subject, device, "mig", message::diag_gpu_mig_title, "mig",
                                  device.gpu.mig.has_value());
    if (!finding) return;
    if (device.gpu.mig) {
      const bool slice = device.gpu.uuid.starts_with("MIG-");
      finding->value = subject.say(!*device.gpu.mig ? message::diag_gpu_off
                                   : slice          ? message::diag_gpu_mig_slice
                                                    : message::diag_gpu_mig_on);
      finding->data = *device.gpu.mig ? 1 : 0;
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
