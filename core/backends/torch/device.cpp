#include "core/backends/torch/device.h"

#include <ATen/Context.h>

#include <charconv>

#include "core/base/error.h"

namespace nety::torch_backend {

c10::Device usable_device(const std::string& name) {
  if (name.empty() || name == "cpu") return c10::Device(c10::kCPU);
  constexpr std::string_view kPrefix = "cuda:";
  int index = 0;
  const char* const begin = name.data() + std::min(kPrefix.size(), name.size());
  const char* const end = name.data() + name.size();
  const auto [last, code] = std::from_chars(begin, end, index);
  if (!name.starts_with(kPrefix) || code != std::errc() || last != end || index < 0)
    throw Error(ErrorKind::kUsage, "the torch backend has no device \"" + name + "\"",
                "Use --device cpu, or cuda:N with a LibTorch that has CUDA.");
  // LibTorch's CUDA half registers itself when it is opened. Without it, or without a driver, the
  // count is 0.
  const int count = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  if (index >= count)
    throw Error(ErrorKind::kEnvironment,
                "LibTorch finds " + std::to_string(count) + " GPUs here, so there is no " + name,
                "Use --device cpu, or see what nety diag says of the GPU and its driver.");
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace nety::torch_backend
