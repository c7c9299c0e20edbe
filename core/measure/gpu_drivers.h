// The GPU driver libraries, each queried in its own process: if one hangs or crashes, only its
// answer is lost.
#pragma once

#include <string>

#include "core/machine/machine.h"
#include "core/measure/worker.h"

namespace nety::measure {

/// How to start the process that asks: `command` and the library's name as its last argument. It
/// writes lines, as machine::question_gpu_driver gives them. A call that takes longer than
/// `limit_s` seconds is taken for one that hangs.
machine::Answer<std::string> ask_gpu_drivers(const WorkerCommand& command, double limit_s);

/// The process's side: asks the library and writes to `output`; returns the exit code. What the
/// library itself prints does not get there.
int answer_for_gpu_driver(const std::string& name);

}  // namespace nety::measure
