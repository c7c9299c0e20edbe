// Every normal build.
#include "bench/injected/delay.h"

namespace nety::bench {

void inject_decode_delay(double /*step_s*/) {}

}  // namespace nety::bench
