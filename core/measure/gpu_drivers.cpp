#include "core/measure/gpu_drivers.h"

#include <unistd.h>

#include "core/base/error.h"
#include "core/machine/gpu_drivers.h"
#include "core/measure/worker_side.h"

namespace nety::measure {
namespace {

/// The answer of one library; how its process ended, if not well, is its last line.
std::string answer_of(const WorkerCommand& command, const char* name, double limit_s) {
  WorkerCommand mine = command;
  mine.argv.emplace_back(name);
  std::string text, call;
  bool complete = false;
  const auto lost = [&](const std::string& how) {
    text += std::string("process ") + name + " ? " + how + "\n";
    return text;
  };
  try {
    Worker worker(mine);
    while (const auto line = worker.receive(limit_s)) {
      if (line->starts_with("at ")) call = line->substr(3);
      complete = *line == "at the end";
      text += *line + "\n";
    }
    if (complete) return text;
    std::string how = worker.end() ? worker.end()->describe() : "stopped";
    if (!call.empty()) how += ", in " + call;
    return lost(how);
  } catch (const Error& error) {
    return lost(error.what());
  }
}

}  // namespace

machine::Answer<std::string> ask_gpu_drivers(const WorkerCommand& command, double limit_s) {
  std::string text;
  for (const char* name : machine::kDriverNames) text += answer_of(command, name, limit_s);
  return {std::move(text), ""};
}

int answer_for_gpu_driver(const std::string& name) {
  const int output = become_worker();
  if (output < 0) return 1;
  const bool known = machine::question_gpu_driver(
      name, [output](const std::string& line) { write_line(output, line); });
  // Not through the library's own clean-up, which may hang as well as any other call of it.
  ::_exit(known ? 0 : 2);
}

}  // namespace nety::measure
