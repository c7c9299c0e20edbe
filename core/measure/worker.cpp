// posix_spawn, pipes and poll. posix_spawn reports a program that cannot be started, and is safe in
// a process that has threads.
#include "core/measure/worker.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstring>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"

extern char** environ;

namespace nety::measure {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLongestLine = size_t{64} << 20;
constexpr size_t kErrorTail = 4096;
constexpr double kSlice = 0.1;  // seconds between two looks at give_up

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void close_descriptor(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

/// Out-of-memory kills since boot, of this machine's and any cgroup's; none if the kernel is
/// silent.
std::optional<uint64_t> oom_kills() {
  std::string text;
  try {
    text = read_file("/proc/vmstat");
  } catch (const Error&) {
    return std::nullopt;
  }
  constexpr std::string_view kKey = "oom_kill ";
  const size_t line = text.starts_with(kKey) ? 0 : text.find("\noom_kill ");
  if (line == std::string::npos) return std::nullopt;
  const size_t digits = text.find_first_of("0123456789", line);
  uint64_t count = 0;
  if (digits == std::string::npos) return std::nullopt;
  std::from_chars(text.data() + digits, text.data() + text.size(), count);
  return count;
}

/// Environment of the child: ours, with `added` replacing variables of the same name.
std::vector<std::string> merged_environment(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto replaces = [text](const auto& pair) {
      return text.size() > pair.first.size() && text.starts_with(pair.first) &&
             text[pair.first.size()] == '=';
    };
    if (std::none_of(added.begin(), added.end(), replaces)) all.emplace_back(text);
  }
  for (const auto& pair : added) all.push_back(pair.first + "=" + pair.second);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

/// Starts the program with the three descriptors as its standard ones, leading a process group.
/// Returns 0 or an errno.
int spawn(const WorkerCommand& command, const std::array<int, 3>& standard, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  for (int i = 0; i < 3; ++i)
    ::posix_spawn_file_actions_adddup2(&actions, standard[static_cast<size_t>(i)], i);
  // A parent that ignores a signal or blocks it must not hand that on.
  sigset_t none, normal;
  ::sigemptyset(&none);
  ::sigemptyset(&normal);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGQUIT}) ::sigaddset(&normal, number);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &normal);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> variables = merged_environment(command.environment);
  const int status = ::posix_spawnp(&pid, arguments.at(0).c_str(), &actions, &attributes,
                                    pointers(arguments).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return status;
}

std::string signal_name(int number) {
  const char* abbreviation = ::sigabbrev_np(number);
  const char* description = ::sigdescr_np(number);
  return fmt::format("SIG{} ({})", abbreviation != nullptr ? abbreviation : std::to_string(number),
                     description != nullptr ? description : "unknown signal");
}

}  // namespace

std::string own_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0)
    throw Error(ErrorKind::kEnvironment, "/proc/self/exe cannot be read, so no worker can start",
                "Mount /proc.");
  // The link's text may be stale (" (deleted)" after a rebuild); the link itself still works.
  std::string text(path.data(), static_cast<size_t>(length));
  return text.ends_with(" (deleted)") ? "/proc/self/exe" : text;
}

std::string WorkerEnd::describe() const {
  switch (fate) {
    case WorkerFate::kExited:
      return fmt::format("ended with exit code {}", exit_code);
    case WorkerFate::kCrashed:
      return out_of_memory ? "killed by the kernel: out of memory"
                           : fmt::format("ended by {}", signal_name(signal));
    case WorkerFate::kTimedOut:
      return fmt::format("silent for more than {:.3g} s, killed", limit_s);
    case WorkerFate::kStopped:
      return "stopped";
  }
  return "ended";
}

Worker::Worker(const WorkerCommand& command) : oom_kills_before_(oom_kills()) {
  // A socket, not a pipe, so that writing to a dead worker is an error and not a SIGPIPE.
  std::array<int, 2> input{-1, -1}, output{-1, -1}, errors{-1, -1};
  int status = 0;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input.data()) != 0 ||
      ::pipe2(output.data(), O_CLOEXEC) != 0 || ::pipe2(errors.data(), O_CLOEXEC) != 0)
    status = errno;
  if (status == 0) status = spawn(command, {input[1], output[1], errors[1]}, pid_);
  for (int* theirs : {&input[1], &output[1], &errors[1]}) close_descriptor(*theirs);
  input_ = input[0];
  output_ = output[0];
  errors_ = errors[0];
  if (status != 0) {
    pid_ = -1;
    close_all();
    throw Error(ErrorKind::kEnvironment,
                fmt::format("{}: cannot be started: {}", command.argv.at(0), std::strerror(status)),
                "Measurements run in processes of their own; check that one more may be started.");
  }
  for (const int ours : {output_, errors_}) ::fcntl(ours, F_SETFL, O_NONBLOCK);
}

Worker::~Worker() {
  if (!end_ && pid_ > 0) kill_and_reap(WorkerFate::kStopped, 0);
  close_all();
}

void Worker::close_all() {
  for (int* descriptor : {&input_, &output_, &errors_}) close_descriptor(*descriptor);
}

bool Worker::send(std::string_view line) {
  std::string text(line);
  text += '\n';
  size_t sent = 0;
  while (input_ >= 0 && sent < text.size()) {
    const ssize_t count = ::send(input_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    sent += static_cast<size_t>(count);
  }
  return sent == text.size();
}

std::optional<std::string> Worker::take_line() {
  const size_t newline = pending_.find('\n');
  if (newline == std::string::npos) return std::nullopt;
  std::string line = pending_.substr(0, newline);
  pending_.erase(0, newline + 1);
  return line;
}

/// Reads what `descriptor` has now; closes it at its end.
void Worker::read_available(int& descriptor, std::string& buffer) {
  std::array<char, 65536> chunk{};
  while (descriptor >= 0) {
    const ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
    if (count > 0) {
      buffer.append(chunk.data(), static_cast<size_t>(count));
      if (&buffer == &pending_ && buffer.size() > kLongestLine) return;
      if (&buffer == &error_tail_ && buffer.size() > kErrorTail)
        buffer.erase(0, buffer.size() - kErrorTail);
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else {
      if (count == 0 || errno != EAGAIN) close_descriptor(descriptor);
      return;
    }
  }
}

/// Waits for output at most `seconds` and reads it. False once stdout is at its end.
bool Worker::wait_for_output(double seconds) {
  std::array<pollfd, 2> watched{pollfd{output_, POLLIN, 0}, pollfd{errors_, POLLIN, 0}};
  ::poll(watched.data(), watched.size(), static_cast<int>(std::max(seconds, 0.001) * 1000));
  read_available(errors_, error_tail_);
  read_available(output_, pending_);
  return output_ >= 0;
}

std::optional<std::string> Worker::receive(double limit_s, const std::function<bool()>& give_up) {
  const Clock::time_point start = Clock::now();
  for (;;) {
    if (std::optional<std::string> line = take_line()) return line;
    if (end_) return std::nullopt;
    const double left = limit_s - seconds_since(start);
    if (left <= 0 || pending_.size() > kLongestLine) {
      kill_and_reap(WorkerFate::kTimedOut, limit_s);
      return std::nullopt;
    }
    if (give_up && give_up()) return std::nullopt;
    const bool open = wait_for_output(std::min(left, kSlice));
    // Its stdout ends when it does or a moment before, or stays open in a child it left behind.
    if (!reap(open ? 0 : std::min(left, 2.0)) && !open) kill_and_reap(WorkerFate::kStopped, 0);
  }
}

/// Waits at most `grace_s` for the process to end and records how. True if it has ended.
bool Worker::reap(double grace_s) {
  const Clock::time_point start = Clock::now();
  while (!end_) {
    int status = 0;
    rusage usage{};
    const pid_t done = ::wait4(pid_, &status, WNOHANG, &usage);
    if (done == 0) {
      if (seconds_since(start) >= grace_s) return false;
      read_available(errors_, error_tail_);  // a full pipe would keep it from ending
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    if (done < 0 && errno == EINTR) continue;
    WorkerEnd end;
    end.peak_rss_bytes = static_cast<uint64_t>(std::max(usage.ru_maxrss, 0L)) * 1024;
    if (done == pid_ && WIFSIGNALED(status)) {
      end.fate = WorkerFate::kCrashed;
      end.signal = WTERMSIG(status);
      const std::optional<uint64_t> kills = oom_kills();
      end.out_of_memory =
          end.signal == SIGKILL && kills && oom_kills_before_ && *kills > *oom_kills_before_;
    } else if (done == pid_) {
      end.exit_code = WEXITSTATUS(status);
    }
    ::kill(-pid_, SIGKILL);  // children it may have left behind
    read_available(errors_, error_tail_);
    read_available(output_, pending_);
    end.last_words = error_tail_;
    end_ = std::move(end);
  }
  return true;
}

void Worker::kill_and_reap(WorkerFate fate, double limit_s) {
  if (reap(0)) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  while (!reap(1)) {
  }
  end_->fate = fate;
  end_->limit_s = limit_s;
  end_->out_of_memory = false;
}

const WorkerEnd& Worker::stop(double grace_s) {
  close_descriptor(input_);
  if (!reap(grace_s)) kill_and_reap(WorkerFate::kStopped, 0);
  return *end_;
}

}  // namespace nety::measure
