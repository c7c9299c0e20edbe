// LibTorch's operators by name, looked up when they are used. An operator that a version lacks is
// an error of the mode that needs it; a missing symbol would keep the whole plugin from loading.
#pragma once

#include <span>

namespace c10 {
class OperatorHandle;
}

namespace nety::torch_backend {

/// The operator "namespace::name". Error: kEnvironment, naming it and this LibTorch's version.
c10::OperatorHandle operator_named(const char* name);

/// Throws operator_named's error for the first that is not there.
void require_operators(std::span<const char* const> names);

}  // namespace nety::torch_backend
