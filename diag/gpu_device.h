// What the probes of a GPU share: each looks at every device that its driver knows.
#pragma once

#include <functional>
#include <string>

#include "diag/probe.h"

namespace nety::diag {

/// One device and what its findings are called: "gpu.0".
struct Device {
  const results::Gpu& gpu;
  std::string id, source;
};

/// The findings of `probe` for each GPU of NVIDIA; the others say nothing of themselves yet.
inline Findings for_each_device(const Subject& subject, const char* source,
                                const std::function<void(const Device&, Findings&)>& probe) {
  Findings found;
  const std::vector<results::Gpu> gpus = machine::gpus(subject.machine);
  for (size_t i = 0; i < gpus.size(); ++i)
    if (gpus[i].vendor == "NVIDIA") probe({gpus[i], "gpu." + std::to_string(i), source}, found);
  return found;
}

/// A finding of a device's, or, where the query was refused, that it is unknown and why. Nothing
/// where the driver did not speak of it: the device does not have it, or the driver was not asked.
inline std::optional<results::Finding> device_finding(const Subject& subject, const Device& device,
                                                      const std::string& key, MessageId title,
                                                      const std::string& field, bool told) {
  const std::string id = device.id + "." + key;
  const auto refused = device.gpu.unknown.find(field);
  if (told) return subject.finding(id, title, device.source);
  if (refused == device.gpu.unknown.end()) return std::nullopt;
  return subject.unknown(id, title, device.source, refused->second);
}

}  // namespace nety::diag
