// nety-contender KIND COMMAND: drives another engine for `nety bench`, in the words of
// bench/protocol.h. A program of its own, so that nety needs no HTTP library to start.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "bench/contender.h"
#include "bench/contender/adapter.h"
#include "core/base/error.h"
#include "core/measure/worker_side.h"

namespace {

using namespace nety;
using bench::Action;
using bench::Reply;

Reply answer(bench::Adapter& adapter, const std::string& line) {
  try {
    const bench::Command command = bench::parse_command(line);
    if (command.action == Action::kLoad)
      return adapter.load(command, bench::Source(command.engine.model));
    return adapter.perform(command);
  } catch (const Error& error) {
    return bench::failure(error.kind(), error.what(), error.hint());
  } catch (const std::exception& error) {
    return bench::failure(ErrorKind::kInternal, error.what(), "");
  }
}

bool is_quit(const std::string& line) {
  try {
    return bench::parse_command(line).action == Action::kQuit;
  } catch (const Error&) {  // answer() says so
    return false;
  }
}

std::unique_ptr<bench::Adapter> make(const std::string& kind, const std::string& command) {
  if (kind == name_of(bench::ContenderKind::kLlamaBench)) return bench::make_llama_bench(command);
  if (kind == name_of(bench::ContenderKind::kServer)) return bench::make_server(command);
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const auto adapter = argc == 3 ? make(argv[1], argv[2]) : nullptr;
  if (adapter == nullptr) {
    std::fputs("nety-contender is started by nety bench --contender NAME=COMMAND.\n", stderr);
    return exit_code(ErrorKind::kUsage);
  }
  ::setpgid(0, 0);  // so that a kill of the group reaches what it starts and nothing else
  const int output = measure::become_worker();
  if (output < 0) return 1;
  return measure::answer_lines(STDIN_FILENO, output,
                               [&](const std::string& line) -> std::optional<std::string> {
                                 if (is_quit(line)) return std::nullopt;
                                 return bench::to_line(answer(*adapter, line));
                               });
}
