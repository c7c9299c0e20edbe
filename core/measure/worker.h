// A child process that measures one thing in isolation: a crash, a hang or an out-of-memory kill
// affects it alone, and its peak memory is its own. It is sent and returns lines of text, whose
// meaning is the caller's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nety::measure {

/// The path of the running program, for starting itself again. Error: kEnvironment without /proc.
std::string own_program();

/// What to start: a path and its arguments, and variables to add to the environment.
struct WorkerCommand {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;
};

enum class WorkerFate : uint8_t {
  kExited,    ///< It returned by itself, with any exit code.
  kCrashed,   ///< A signal that we did not send.
  kTimedOut,  ///< It was silent past a time limit, and was killed.
  kStopped,   ///< We killed it: stop() or the destructor.
};

/// How a worker ended.
struct WorkerEnd {
  WorkerFate fate = WorkerFate::kExited;
  int exit_code = 0;
  int signal = 0;
  bool out_of_memory = false;   ///< The kernel counted an out-of-memory kill meanwhile.
  uint64_t peak_rss_bytes = 0;  ///< The kernel's own account, 0 if it has none.
  double limit_s = 0;           ///< kTimedOut: the limit that was passed.
  std::string last_words;       ///< The end of what it wrote to stderr.

  /// One line for people: "ended by SIGSEGV (Segmentation fault)".
  std::string describe() const;
};

/// A running worker. Its stdin is a socket, its stdout and stderr are pipes; it leads a process
/// group of its own, so that a terminal's Ctrl-C does not reach it and a kill reaches its children.
/// Used from one thread. The destructor kills it.
class Worker {
 public:
  /// Error: kEnvironment if it cannot be started, naming the program.
  explicit Worker(const WorkerCommand& command);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Sends `line` and a newline; false if the worker no longer listens.
  bool send(std::string_view line);

  /// The next line it writes, without its newline. None: it ended, or was silent for `limit_s`
  /// seconds and was killed (see end()), or `give_up` returned true (then it still runs). `give_up`
  /// is asked about ten times a second.
  std::optional<std::string> receive(double limit_s,
                                     const std::function<bool()>& give_up = nullptr);

  /// Closes its stdin, gives it `grace_s` seconds to end by itself, then kills it.
  const WorkerEnd& stop(double grace_s);

  /// How it ended; none while it runs.
  const std::optional<WorkerEnd>& end() const { return end_; }
  pid_t pid() const { return pid_; }

 private:
  bool wait_for_output(double seconds);
  void read_available(int& descriptor, std::string& buffer);
  std::optional<std::string> take_line();
  bool reap(double grace_s);
  void kill_and_reap(WorkerFate fate, double limit_s);
  void close_all();

  pid_t pid_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1;
  std::string pending_, error_tail_;
  std::optional<uint64_t> oom_kills_before_;
  std::optional<WorkerEnd> end_;
};

}  // namespace nety::measure
