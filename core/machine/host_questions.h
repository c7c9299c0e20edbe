// The longer questions to the machine we run on. Private to this folder: probes ask a Machine.
#pragma once

#include "core/machine/machine.h"

namespace nety::machine {

/// hwloc's one-line description of this machine. The library is loaded for the question only: no
/// program that does not ask pays for it, or needs it.
Answer<std::string> ask_hwloc();

/// Reads blocks spread over a file, past the page cache, for at most `limit_s` seconds.
Answer<double> measured_read_rate(const std::string& path, double limit_s);

}  // namespace nety::machine
