// Memory of each GPU, total and free: CUDA's own figures, which are those of a MIG slice.
#include "core/base/units.h"
#include "diag/gpu_device.h"

namespace nety::diag::probes {

Findings gpu_memory(const Subject& subject) {
  const auto probe = [&](const Device& device, Findings& found) {
    auto finding = device_finding(subject, device, "memory", message::diag_gpu_memory_title,
                                  "free_bytes", device.gpu.free_bytes.has_value());
    if (!finding) return;
    if (!device.gpu.free_bytes && device.gpu.total_bytes)
      finding->value += ", " + subject.say(message::diag_gpu_memory_total,
                                           {format_bytes(*device.gpu.total_bytes)});
    if (device.gpu.free_bytes) {
      const uint64_t free = *device.gpu.free_bytes;
      const uint64_t total = device.gpu.total_bytes.value_or(free);
      finding->value =
          subject.say(message::diag_gpu_memory_value, {format_bytes(free), format_bytes(total)});
      finding->data = static_cast<double>(free);
      if (free < total / 2) {
        finding->status = results::FindingStatus::kWarn;
        finding->consequence = subject.say(message::diag_gpu_memory_low);
        finding->remedy = subject.say(message::diag_gpu_memory_remedy);
      }
    }
    found.push_back(*std::move(finding));
  };
  return for_each_device(subject, "libcuda.so.1, libnvidia-ml.so.1", probe);
}

}  // namespace nety::diag::probes
