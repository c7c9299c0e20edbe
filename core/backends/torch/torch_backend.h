// LibTorch as a backend: what a PyTorch user would get on this machine, and the tests' reference.
#pragma once

#include <exception>
#include <memory>

#include "core/base/error.h"
#include "core/model/backend.h"

namespace nety::torch_backend {

/// Which products a backend multiplies with.
enum class Products : uint8_t {
  kPlain,  ///< at::linear on weights in float types: the mode's own numbers.
  kFast,   ///< Those of fast_product.h where the mode has one.
};

/// The backend "torch" or "torch-fast" on the CPU, the first on a GPU as well. Errors: kUsage for
/// another device or a forced instruction set, kEnvironment for a GPU that LibTorch does not find.
std::unique_ptr<model::Backend> make_torch_backend(const model::BackendOptions& options,
                                                   Products products);

/// The first line of what LibTorch says; the lines after it are its stack.
Error translate_error(const std::exception& error);

}  // namespace nety::torch_backend
