// The test program is also the worker that its tests start, as `nety` is of `nety bench`.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string_view>

#include "bench/measure_mode.h"
#include "core/base/progress.h"
#include "core/measure/worker_side.h"
#include "counting_machine.h"
#include "fake_engine.h"

namespace {

using namespace nety;

/// A worker from before slices: it does not know the word, and states no version.
int answer_as_before_slices() {
  bench::ModeMeasurement measurement(bench::make_fake_engine);
  Progress progress;
  return measure::answer_lines(STDIN_FILENO, STDOUT_FILENO,
                               [&](const std::string& line) -> std::optional<std::string> {
                                 const bench::Command command = bench::parse_command(line);
                                 if (command.action == bench::Action::kQuit) return std::nullopt;
                                 bench::Reply reply;
                                 if (command.action == bench::Action::kSlice) {
                                   reply.kind = bench::Reply::Kind::kFailed;
                                   reply.what = "unknown command";
                                 } else {
                                   reply = measurement.perform(command, progress);
                                   reply.numbers.erase("protocol");
                                 }
                                 return bench::to_line(reply);
                               });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view role = argc == 2 ? argv[1] : "";
  if (role == "worker")
    return bench::answer_commands(STDIN_FILENO, STDOUT_FILENO, bench::make_fake_engine);
  if (role == "slower-worker")
    return bench::answer_commands(STDIN_FILENO, STDOUT_FILENO, bench::make_slower_fake_engine);
  if (role == "counting-worker")
    return bench::answer_commands(STDIN_FILENO, STDOUT_FILENO, bench::make_fake_engine,
                                  bench::CountingMachine());
  if (role == "old-worker") return answer_as_before_slices();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
