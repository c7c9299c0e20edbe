// How a GPU is connected: generation and lanes, of those it could have.
#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_pcie(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    const results::Gpu& gpu = device.gpu;
    auto finding = device_finding(subject, device, "pcie", message::diag_gpu_pcie_title,
                                  "pcie_width", gpu.pcie_width.has_value());
    if (!finding) return;
    if (gpu.pcie_width) {
      const auto text = [](const std::optional<int>& number) {
        return number ? std::to_string(*number) : std::string("?");
      };
      finding->value = subject.say(message::diag_gpu_pcie_value,
                                   {text(gpu.pcie_generation), text(gpu.pcie_width),
                                    text(gpu.pcie_generation_max), text(gpu.pcie_width_max)});
      finding->data = *gpu.pcie_width;
      // The generation falls when the device is idle; the width does not.
      if (gpu.pcie_width_max && *gpu.pcie_width < *gpu.pcie_width_max) {
        finding->status = results::FindingStatus::kWarn;
        finding->consequence = subject.say(message::diag_gpu_pcie_narrow);
        finding->remedy = subject.say(message::diag_gpu_pcie_remedy);
      }
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
