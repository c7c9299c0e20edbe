// Backends by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/checkpoint/backend_memory.h"
#include "core/machine/machine.h"
#include "core/model/backend.h"

namespace nety::backends {

/// All of them, for help and hints: "native, torch, torch-fast, cuda".
std::string backend_names();

/// What a plan needs to know of the backend `name` (empty: native) before it is loaded. A plugin
/// says nothing before it is loaded: native's answers stand for it.
checkpoint::BackendMemory memory_of(std::string_view name);

/// The backend `name`: "native", or one in a plugin.
/// Errors: kUsage for a name we do not have, kEnvironment for a plugin that cannot be loaded.
std::unique_ptr<model::Backend> make_backend(const std::string& name,
                                             const model::BackendOptions& options,
                                             const machine::Machine& machine);

}  // namespace nety::backends
