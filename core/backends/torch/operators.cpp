// Lookup in LibTorch's dispatcher.
#include "core/backends/torch/operators.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <string>

#include "core/base/error.h"

namespace nety::torch_backend {

c10::OperatorHandle operator_named(const char* name) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, ""});
  if (!found)
    throw Error(ErrorKind::kEnvironment,
                std::string("this LibTorch (") + NETY_TORCH_BUILT_FOR + ") has no operator " + name,
                "Use --backend torch or native, or another LibTorch (NETY_TORCH_DIR).");
  return *found;
}

void require_operators(std::span<const char* const> names) {
  for (const char* name : names) operator_named(name);
}

}  // namespace nety::torch_backend
