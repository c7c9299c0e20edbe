// Whether the machine is quiet enough to measure on.
#pragma once

#include <string>

namespace nety::bench {

/// Watches /proc/stat for `seconds`; empty if others use less than 5 % of the processors and the
/// hypervisor steals less than 2 %, else what is wrong.
std::string why_not_quiet(double seconds);

}  // namespace nety::bench
