// The program's side of the boundary: a Backend that forwards to a plugin's table.
#pragma once

#include <memory>

#include "core/model/backend.h"
#include "core/model/plugin_table.h"

namespace nety::model {

/// Makes the plugin's backend. `table` must stay valid until the process ends, and its `abi` and
/// `layout` have been checked. Errors: what the plugin reports.
std::unique_ptr<Backend> make_plugin_backend(const PluginTable& table,
                                             const BackendOptions& options);

}  // namespace nety::model
