// The arithmetic that a processor can do at most: independent multiply-adds in registers.
#pragma once

#include <string_view>

#include "core/machine/machine.h"

namespace nety::roofline {

/// Operations per second (two per multiply-add) of `threads` threads in one of the loops of
/// peaks.cpp. 0 where the processor lacks its instructions.
double peak_ops(std::string_view type, int threads, const machine::Machine& machine);

/// The loop of what prefill with these cells multiplies with.
std::string_view peak_type(std::string_view kernel);

}  // namespace nety::roofline
