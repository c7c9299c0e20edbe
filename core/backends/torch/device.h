// Where tensors live: the CPU, or a GPU of the LibTorch that has been opened with its CUDA half.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace nety::torch_backend {

/// "cpu", "" or "cuda:N" as a device that LibTorch can use now. Errors: kUsage for another word,
/// kEnvironment where LibTorch has no such GPU.
c10::Device usable_device(const std::string& name);

}  // namespace nety::torch_backend
