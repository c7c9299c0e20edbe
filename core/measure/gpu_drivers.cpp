#include "core/measure/gpu_drivers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/machine/gpu_drivers.h"

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
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (output < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
  const bool known = machine::question_gpu_driver(name, [output](const std::string& line) {
    const std::string text = line + "\n";
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t count = ::write(output, text.data() + sent, text.size() - sent);
      if (count <= 0) return;
      sent += static_cast<size_t>(count);
    }
  });
  // Not through the library's own clean-up, which may hang as well as any other call of it.
  ::_exit(known ? 0 : 2);
}

}  // namespace nety::measure
