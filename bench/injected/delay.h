// A decode that can be made slower, for testing whether `nety compare` notices. Which of the two
// files beside this one is compiled is decided by the CMake option NETY_INJECT_DELAY.
#pragma once

namespace nety::bench {

/// Called after a decode step that took `step_s`, within its timing. Does nothing in a normal
/// build; in a test build it waits for the share of `step_s` that NETY_DECODE_DELAY says ("0.05").
void inject_decode_delay(double step_s);

}  // namespace nety::bench
