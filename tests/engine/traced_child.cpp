// ptrace(2): the child stops at every system call, so that none is missed, whichever thread makes
// it. A mark is a prctl() that no kernel knows.
#include "tests/engine/traced_child.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>

namespace nety::engine {
namespace {

constexpr unsigned long kMark = 0x4e455459;  // "NETY"
constexpr int kForbidden = 99, kFailed = 98;

[[noreturn]] void be_traced(const std::function<void()>& work) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kForbidden);
  ::raise(SIGSTOP);
  try {
    work();
  } catch (const std::exception&) {
    ::_exit(kFailed);
  }
  ::_exit(0);
}

/// Notes the call that thread `tid` is about to make. False if the kernel does not tell (before
/// Linux 5.3).
bool note(pid_t tid, std::vector<SystemCalls>& intervals) {
  __ptrace_syscall_info info{};
  const long got =
      ::ptrace(PTRACE_GET_SYSCALL_INFO, tid, reinterpret_cast<void*>(sizeof info), &info);
  if (got <= 0) return false;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return true;
  if (info.entry.nr == SYS_prctl && info.entry.args[0] == kMark)
    intervals.emplace_back();
  else if (!intervals.empty())
    ++intervals.back()[info.entry.nr];
  return true;
}

}  // namespace

void mark() { ::prctl(static_cast<int>(kMark), 0, 0, 0, 0); }

Traced trace(const std::function<void()>& work) {
  Traced traced;
#if defined(__SANITIZE_THREAD__)
  traced.forbidden = true;
  traced.problem = "the thread sanitizer's own thread makes system calls";
  return traced;
#endif
  const pid_t child = ::fork();
  if (child == 0) be_traced(work);
  int status = 0;
  ::waitpid(child, &status, 0);
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  if (!WIFSTOPPED(status) ||
      ::ptrace(PTRACE_SETOPTIONS, child, nullptr, reinterpret_cast<void*>(options)) != 0) {
    traced.forbidden = true;
    traced.problem = "this system does not let a process trace its child";
    if (WIFSTOPPED(status)) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
    }
    return traced;
  }
  for (pid_t tid = child; tid > 0; tid = ::waitpid(-1, &status, __WALL)) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (tid != child) continue;
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) traced.problem = "the child failed";
      break;
    }
    long signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80) && !note(tid, traced.intervals)) {
      traced.forbidden = true;
      traced.problem = "this kernel does not tell which system call it is";
    }
    // Stops of our own making; anything else is the child's to have.
    if (signal == (SIGTRAP | 0x80) || signal == SIGTRAP || signal == SIGSTOP) signal = 0;
    ::ptrace(PTRACE_SYSCALL, tid, nullptr, reinterpret_cast<void*>(signal));
  }
  if (!traced.intervals.empty()) traced.intervals.pop_back();  // after the last mark
  return traced;
}

}  // namespace nety::engine
