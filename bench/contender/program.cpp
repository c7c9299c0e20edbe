#include "bench/contender/program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/base/words.h"
#include "core/measure/memory.h"

namespace nety::bench {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostSaid = 300, kTail = 4096;
constexpr int kGrace = 20;  // times 100 ms for a program to end when asked to
constexpr uint64_t kMostPrinted = uint64_t{64} << 20;

/// The end of a file.
std::string tail_of(const std::string& path) {
  std::string text;
  try {
    text = read_file(path, kMostPrinted);
  } catch (const Error&) {
    return "";
  }
  return text.substr(text.size() - std::min(text.size(), kTail));
}

/// Without the shell in between, if the command is no more than a program and its arguments: then
/// what ends the shell with us ends the program.
std::string without_shell(const std::string& command) {
  const size_t word = command.find_first_of(" =");
  const bool sets_variable = word != std::string::npos && command[word] == '=';
  const bool simple = command.find_first_of(";&|<>()`$\n") == std::string::npos;
  return simple && !sets_variable ? "exec " + command : command;
}

/// Starts the shell, which ends with us, its output and its messages in these files.
pid_t start(const std::string& command, const std::string& out, const std::string& messages) {
  const std::string program = without_shell(command);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0)
    throw Error(ErrorKind::kIo, fmt::format("no process for it: {}", std::strerror(errno)));
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::signal(SIGPIPE, SIG_DFL);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND;
  const int nothing = ::open("/dev/null", O_RDONLY);
  const int output = ::open(out.c_str(), kFlags, 0600);
  const int errors = ::open(messages.c_str(), kFlags, 0600);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execl("/bin/sh", "sh", "-c", program.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

std::string how_it_ended(int status, const std::string& said) {
  const std::string how = WIFSIGNALED(status)
                              ? fmt::format("it was ended by signal {} ({})", WTERMSIG(status),
                                            ::strsignal(WTERMSIG(status)))
                              : fmt::format("it ended with exit code {}", WEXITSTATUS(status));
  const std::string last = last_line(said, kMostSaid);
  return last.empty() ? how : fmt::format("{}; it said: {}", how, last);
}

/// The processes of this process's group, without this one.
std::vector<pid_t> others_in_group() {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    pid_t pid = 0;
    const std::string name = entry.path().filename();
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), pid);
    const bool number = code == std::errc() && *end == '\0';
    if (number && pid != ::getpid() && ::getpgid(pid) == ::getpgrp()) pids.push_back(pid);
  }
  return pids;
}

}  // namespace

Printed run_program(const std::string& command) {
  const TemporaryFolder folder;
  const std::string out = folder.file("out"), messages = folder.file("messages");
  const pid_t pid = start(command, out, messages);
  int status = 0;
  rusage usage{};
  while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error(ErrorKind::kInternal, how_it_ended(status, tail_of(messages)));
  return {read_file(out, kMostPrinted),
          static_cast<uint64_t>(std::max(usage.ru_maxrss, 0L)) * 1024};
}

Beside::Beside(const std::string& command)
    : pid_(start(command, folder_.file("messages"), folder_.file("messages"))) {}

/// And what it started.
Beside::~Beside() {
  for (const int signal : {SIGTERM, SIGKILL}) {
    for (const pid_t pid : others_in_group()) ::kill(pid, signal);
    for (int i = 0; i < kGrace && (!end() || !others_in_group().empty()); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::optional<std::string> Beside::end() {
  if (end_) return end_;
  int status = 0;
  const pid_t done = ::waitpid(pid_, &status, WNOHANG);
  if (done == pid_) end_ = how_it_ended(status, tail_of(folder_.file("messages")));
  if (done < 0 && errno == ECHILD) end_ = "it ended";
  return end_;
}

uint64_t peak_of_group() {
  uint64_t sum = 0;
  for (const pid_t pid : others_in_group()) {
    try {
      const std::string status = read_file(fmt::format("/proc/{}/status", pid), kTail);
      sum += measure::parse_memory_use(status).peak_rss_bytes.value_or(0);
    } catch (const Error&) {  // it has just ended
    }
  }
  return sum;
}

std::string with(std::string text, const std::string& name, const std::string& value) {
  const std::string place = "{" + name + "}";
  for (size_t at = text.find(place); at != std::string::npos;
       at = text.find(place, at + value.size()))
    text.replace(at, place.size(), value);
  return text;
}

int free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool found =
      file >= 0 && ::bind(file, generic, size) == 0 && ::getsockname(file, generic, &size) == 0;
  if (file >= 0) ::close(file);
  if (!found) throw Error(ErrorKind::kIo, "no free port on 127.0.0.1 for the server");
  return ntohs(address.sin_port);
}

}  // namespace nety::bench
