// The kinds of devices that a backend computes on. Options and results name a device "cpu" or
// "cuda:N"; "cuda" alone is any GPU.
#pragma once

#include <cstdint>
#include <string_view>

namespace nety {

enum class DeviceKind : uint8_t { kCpu, kCuda };

/// "cpu" or "cuda"
constexpr std::string_view name_of(DeviceKind kind) {
  return kind == DeviceKind::kCuda ? "cuda" : "cpu";
}

/// The kind of "cpu", "cuda", "cuda:0".
constexpr DeviceKind kind_of_device(std::string_view device) {
  return device.starts_with("cuda") ? DeviceKind::kCuda : DeviceKind::kCpu;
}

}  // namespace nety
