// The hidden command `nety worker`.
#pragma once

namespace nety::bench {

/// Serves benchmark commands from stdin to stdout with the real engine, until the parent has no
/// more. Returns the exit code. What libraries print to stdout goes to stderr instead.
int worker_main();

}  // namespace nety::bench
