// The clocks of a GPU now, and what holds them down.
#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_clocks(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    auto finding = device_finding(subject, device, "clocks", message::diag_gpu_clocks_title,
                                  "sm_clock_mhz", device.gpu.sm_clock_mhz.has_value());
    if (!finding) return;
    const auto text = [](const std::optional<int>& mhz) {
      return mhz ? std::to_string(*mhz) : std::string("?");
    };
    if (device.gpu.sm_clock_mhz) {
      finding->value =
          subject.say(message::diag_gpu_clocks_value,
                      {text(device.gpu.sm_clock_mhz), text(device.gpu.sm_clock_max_mhz),
                       text(device.gpu.memory_clock_mhz), text(device.gpu.memory_clock_max_mhz)});
      finding->data = *device.gpu.sm_clock_mhz;
    }
    std::string reasons;
    for (const std::string& reason : device.gpu.throttle)
      reasons += (reasons.empty() ? "" : ", ") + reason;
    if (!reasons.empty()) {
      finding->status = results::FindingStatus::kWarn;
      finding->consequence = subject.say(message::diag_gpu_throttled, {reasons});
      finding->remedy = subject.say(message::diag_gpu_throttled_remedy);
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
