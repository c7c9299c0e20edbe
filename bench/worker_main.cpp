#include "bench/worker_main.h"

#include <unistd.h>

#include "bench/measure_mode.h"
#include "core/measure/worker_side.h"

namespace nety::bench {

int worker_main() {
  const int output = measure::become_worker();
  return output < 0 ? 1 : answer_commands(STDIN_FILENO, output, make_engine);
}

}  // namespace nety::bench
