// The power cap of a GPU against the one it was made for.
#include <fmt/core.h>

#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_power(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    auto finding = device_finding(subject, device, "power", message::diag_gpu_power_title,
                                  "power_limit_w", device.gpu.power_limit_w.has_value());
    if (!finding) return;
    if (device.gpu.power_limit_w) {
      const double limit = *device.gpu.power_limit_w;
      const double usual = device.gpu.power_default_w.value_or(limit);
      finding->value = subject.say(message::diag_gpu_power_value,
                                   {fmt::format("{:.0f}", limit), fmt::format("{:.0f}", usual)});
      finding->data = limit;
      if (limit < 0.95 * usual) {
        finding->status = results::FindingStatus::kWarn;
        finding->consequence = subject.say(message::diag_gpu_power_low);
        finding->remedy =
            subject.say(message::diag_gpu_power_remedy, {fmt::format("{:.0f}", usual)});
      }
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
