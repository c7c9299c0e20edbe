// LibTorch as a backend: what a PyTorch user would get on this machine, and the tests' reference.
#pragma once

#include <exception>
#include <memory>

#include "core/base/error.h"
#include "core/model/backend.h"

namespace nety::torch_backend {

/// The backend on the CPU. Errors: kUsage for another device or a forced instruction set.
std::unique_ptr<model::Backend> make_torch_backend(const model::BackendOptions& options);

/// The first line of what LibTorch says; the lines after it are its stack.
Error translate_error(const std::exception& error);

}  // namespace nety::torch_backend
