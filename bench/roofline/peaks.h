// The arithmetic that a processor can do at most: independent multiply-adds in registers.
#pragma once

#include <string_view>

#include "core/machine/machine.h"

namespace nety::roofline {

/// Operations per second (two per multiply-add) of `threads` threads in the type that prefill in
/// this mode multiplies with: "fp32", "bf16" or "int8". 0 where the processor lacks it.
double peak_ops(std::string_view type, int threads, const machine::Machine& machine);

}  // namespace nety::roofline
