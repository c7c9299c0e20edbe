#include "core/measure/worker_side.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace nety::measure {
namespace {

/// The next line of `input`; false at its end.
bool read_line(int input, std::string& pending, std::string& line) {
  for (;;) {
    if (const size_t newline = pending.find('\n'); newline != std::string::npos) {
      line = pending.substr(0, newline);
      pending.erase(0, newline + 1);
      return true;
    }
    char chunk[65536];
    const ssize_t count = ::read(input, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    pending.append(chunk, static_cast<size_t>(count));
  }
}

}  // namespace

int become_worker() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  return output >= 0 && ::dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 ? output : -1;
}

bool write_line(int output, std::string line) {
  line += '\n';
  for (size_t done = 0; done < line.size();) {
    const ssize_t count = ::write(output, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

int answer_lines(int input, int output,
                 const std::function<std::optional<std::string>(const std::string& line)>& answer) {
  std::string pending, line;
  while (read_line(input, pending, line)) {
    std::optional<std::string> reply = answer(line);
    if (!reply) return 0;
    if (!write_line(output, *std::move(reply))) return 1;
  }
  return 0;
}

}  // namespace nety::measure
