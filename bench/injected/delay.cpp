// Test builds: the processor stays busy, as it would in a slower kernel.
#include "bench/injected/delay.h"

#include <cstdlib>

#include "core/measure/stopwatch.h"

namespace nety::bench {

void inject_decode_delay(double step_s) {
  static const double share = [] {
    const char* const text = std::getenv("NETY_DECODE_DELAY");
    return text == nullptr ? 0.0 : std::strtod(text, nullptr);
  }();
  const measure::Stopwatch watch;
  while (watch.seconds() < share * step_s) {
  }
}

}  // namespace nety::bench
