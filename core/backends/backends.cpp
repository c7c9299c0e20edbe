// native is linked in; the others are plugins.
#include "core/backends/backends.h"

#include <algorithm>

#include "core/backends/native/memory.h"
#include "core/backends/native/native.h"
#include "core/base/error.h"
#include "core/model/plugin.h"

namespace nety::backends {

std::string backend_names() {
  std::string names = "native";
  for (const std::string_view name : model::plugin_names()) names += ", " + std::string(name);
  return names;
}

checkpoint::BackendMemory memory_of(std::string_view /*name*/) { return native::memory(); }

std::unique_ptr<model::Backend> make_backend(const std::string& name,
                                             const model::BackendOptions& options,
                                             const machine::Machine& machine) {
  if (name == "native" || name.empty()) return native::make_backend(options, machine);
  const auto plugins = model::plugin_names();
  if (std::ranges::find(plugins, name) == plugins.end())
    throw Error(ErrorKind::kUsage, "unknown backend '" + name + "'",
                "Backends: " + backend_names() + ".");
  return model::load_plugin_backend(name, options);
}

}  // namespace nety::backends
