// The loop around ModeMeasurement: lines in, lines out. Uses descriptors and not iostreams, whose
// buffers the engine's own libraries could write into.
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "bench/measure_mode.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {
namespace {

bool write_line(int descriptor, std::string line) {
  line += '\n';
  for (size_t done = 0; done < line.size();) {
    const ssize_t count = ::write(descriptor, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

/// Next line of `descriptor`; false at its end.
bool read_line(int descriptor, std::string& pending, std::string& line) {
  for (;;) {
    if (const size_t newline = pending.find('\n'); newline != std::string::npos) {
      line = pending.substr(0, newline);
      pending.erase(0, newline + 1);
      return true;
    }
    char chunk[65536];
    const ssize_t count = ::read(descriptor, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    pending.append(chunk, static_cast<size_t>(count));
  }
}

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
    write_line(output_, to_line(reply_));
  }

  int output_;
  Reply reply_;
  measure::Stopwatch since_;
};

Reply failure(ErrorKind kind, std::string what, std::string hint) {
  Reply reply;
  reply.kind = Reply::Kind::kFailed;
  reply.error = kind;
  reply.what = std::move(what);
  reply.hint = std::move(hint);
  return reply;
}

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

int serve(int input, int output, const EngineFactory& factory) {
  ModeMeasurement measurement(factory);
  SentProgress progress(output);
  std::string pending, line;
  while (read_line(input, pending, line)) {
    Command command;
    try {
      command = parse_command(line);
    } catch (const Error& error) {
      if (!write_line(output, to_line(failure(error.kind(), error.what(), error.hint())))) return 1;
      continue;
    }
    if (command.action == Action::kQuit) return 0;
    if (!write_line(output, to_line(answer(measurement, command, progress)))) return 1;
  }
  return 0;
}

}  // namespace nety::bench
