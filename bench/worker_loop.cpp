// The loop around ModeMeasurement: lines in, lines out.
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "bench/measure_mode.h"
#include "core/base/error.h"
#include "core/measure/stopwatch.h"
#include "core/measure/worker_side.h"

namespace nety::bench {
namespace {

/// Sends progress to the parent, about twenty times a second at most.
class SentProgress : public Progress {
 public:
  explicit SentProgress(int output) : output_(output) {}
  void begin(std::string_view label, int64_t total) override {
    reply_.kind = Reply::Kind::kProgress;
    reply_.label = label;
    reply_.numbers["total"] = static_cast<double>(total);
    send(0);
  }
  void advance(int64_t done) override {
    if (since_.seconds() > kInterval) send(done);
  }

 private:
  static constexpr double kInterval = 0.05;
  void send(int64_t done) {
    since_ = {};
    reply_.numbers["done"] = static_cast<double>(done);
    measure::write_line(output_, to_line(reply_));
  }

  int output_;
  Reply reply_;
  measure::Stopwatch since_;
};

Reply answer(ModeMeasurement& measurement, const Command& command, Progress& progress) {
  try {
    return measurement.perform(command, progress);
  } catch (const Error& error) {
    Reply reply = failure(error.kind(), error.what(), error.hint());
    if (measurement.planned_bytes() > 0)
      reply.numbers["planned_bytes"] = static_cast<double>(measurement.planned_bytes());
    return reply;
  } catch (const std::bad_alloc&) {
    return failure(ErrorKind::kMemory, "the system refused more memory",
                   "Use a mode with fewer bytes per weight, or a shorter --ctx.");
  } catch (const std::exception& error) {
    return failure(ErrorKind::kInternal, error.what(), "");
  }
}

}  // namespace

int answer_commands(int input, int output, const EngineFactory& factory,
                    const machine::Machine& machine) {
  ModeMeasurement measurement(factory, machine);
  SentProgress progress(output);
  return measure::answer_lines(
      input, output, [&](const std::string& line) -> std::optional<std::string> {
        Command command;
        try {
          command = parse_command(line);
        } catch (const Error& error) {
          return to_line(failure(error.kind(), error.what(), error.hint()));
        }
        if (command.action == Action::kQuit) return std::nullopt;
        return to_line(answer(measurement, command, progress));
      });
}

}  // namespace nety::bench
