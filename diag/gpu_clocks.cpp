// The clocks of a GPU now, and what holds them down.
#include "core/base/words.h"
#include "diag/gpu_device.h"

namespace nety::diag::probes {
namespace {

struct Word {
  std::string_view name;  // in results::Gpu::throttle
  MessageId message;
};
constexpr Word kWords[] = {
    {"application clocks", message::diag_throttle_application},
    {"power cap", message::diag_throttle_power},
    {"hardware slowdown", message::diag_throttle_hardware},
    {"sync boost", message::diag_throttle_sync},
    {"temperature", message::diag_throttle_temperature},
    {"temperature (hardware)", message::diag_throttle_temperature_hardware},
    {"power brake", message::diag_throttle_brake},
    {"display clocks", message::diag_throttle_display},
};

std::string said(const Subject& subject, const std::string& reason) {
  for (const Word& word : kWords)
    if (word.name == reason) return subject.say(word.message);
  return reason;
}

}  // namespace

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
      append_word(reasons, said(subject, reason));
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
