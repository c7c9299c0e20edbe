// Error correction of a GPU's memory, and whether it had errors that it could not correct.
#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_ecc(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    auto finding = device_finding(subject, device, "ecc", message::diag_gpu_ecc_title, "ecc",
                                  device.gpu.ecc.has_value());
    if (!finding) return;
    if (device.gpu.ecc) {
      finding->value = subject.say(*device.gpu.ecc ? message::diag_gpu_on : message::diag_gpu_off);
      finding->data = *device.gpu.ecc ? 1 : 0;
    }
    if (const uint64_t errors = device.gpu.ecc_uncorrected.value_or(0); errors > 0) {
      finding->status = results::FindingStatus::kFail;
      finding->value = subject.say(message::diag_gpu_ecc_errors, {std::to_string(errors)});
      finding->consequence = subject.say(message::diag_gpu_ecc_means);
      finding->remedy = subject.say(message::diag_gpu_ecc_remedy);
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
