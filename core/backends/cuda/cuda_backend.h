// The backend on a GPU, whatever the device layer under it.
#pragma once

#include <exception>
#include <memory>

#include "core/backends/cuda/device.h"
#include "core/base/error.h"

namespace nety::cuda {

/// A backend on that device. Error: kUsage for a forced instruction set.
std::unique_ptr<model::Backend> make_backend(std::unique_ptr<Device> device,
                                             const model::BackendOptions& options);

/// An exception that is none of ours: a bug here, or of the standard library.
Error translate_error(const std::exception& error);

}  // namespace nety::cuda
