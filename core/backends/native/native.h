// The backend of our own CPU kernels: the default on a CPU.
#pragma once

#include <memory>

#include "core/machine/machine.h"
#include "core/model/backend.h"

namespace nety::native {

/// A backend on `options.threads` threads with the best kernel family of `machine`, or options.isa.
/// Errors: kUsage, kEnvironment (an ISA that is unknown or that this processor lacks).
std::unique_ptr<model::Backend> make_backend(const model::BackendOptions& options,
                                             const machine::Machine& machine);

}  // namespace nety::native
