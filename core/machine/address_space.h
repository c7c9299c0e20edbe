// Address space, where it is limited (ulimit -v): mappings count in full, touched or not.
#pragma once

#include <cstdint>
#include <optional>

#include "core/machine/machine.h"

namespace nety::machine {

/// What RLIMIT_AS leaves of this process's address space, less what the threads of the CPU budget
/// will reserve of it; nothing where there is no limit.
std::optional<uint64_t> address_space_left(const Machine& machine);

}  // namespace nety::machine
