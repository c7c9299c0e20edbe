// The hidden command `nety worker`.
#pragma once

namespace nety::bench {

/// Answers a benchmark's commands on stdin with the real engine, until there are no more. Returns
/// the exit code. What libraries print to stdout goes to stderr instead.
int worker_main();

}  // namespace nety::bench
