// native is linked in; the others are plugins.
#include "core/backends/backends.h"

#include "core/backends/native/native.h"
#include "core/base/error.h"
#include "core/model/plugin.h"

namespace nety::backends {

std::unique_ptr<model::Backend> make_backend(const std::string& name,
                                             const model::BackendOptions& options,
                                             const machine::Machine& machine) {
  if (name == "native" || name.empty()) return native::make_backend(options, machine);
  if (name == "torch" || name == "cuda") return model::load_plugin_backend(name, options);
  throw Error(ErrorKind::kUsage, "unknown backend '" + name + "'",
              "Backends: native, torch, cuda.");
}

}  // namespace nety::backends
