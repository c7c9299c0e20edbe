// A worker ends with its parent, and keeps the protocol's pipe to itself.
#include "bench/worker_main.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/measure_mode.h"

namespace nety::bench {

int worker_main() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);  // a parent that is gone is an error of write()
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (output < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
  return serve(STDIN_FILENO, output, make_engine);
}

}  // namespace nety::bench
