// Programs to observe: a nety, driven through its hidden `worker` command so that an observation
// costs a second or two, or any command line that prints a result file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "bench/engine.h"

namespace nety::bench {

/// What a nety is asked to measure in one observation.
struct CompareWorkload {
  /// Another engine in place of a nety: what to call it, and what to do if it fails.
  std::string contender, contender_hint;
  EngineRequest engine;  ///< Model, mode and the like; the context is worked out.
  int64_t n_prompt = 512, n_gen = 128;
  uint64_t seed = 1;
  double command_limit_s = 300;
};

/// Tokens that one sequence has to hold for this workload.
int64_t context_needed(const CompareWorkload& workload);

/// A nety by the command that starts its worker: {"./old/nety", "worker"}. Every observation comes
/// from a process of its own unless renew() is called less often; it loads, warms up, measures
/// prefill, decode and time to first token twice, and its peak memory.
std::unique_ptr<Subject> make_worker_subject(std::vector<std::string> worker,
                                             const CompareWorkload& workload);

/// A command line for the shell whose standard output is a result file. An observation runs it
/// twice.
std::unique_ptr<Subject> make_command_subject(std::string command_line, double limit_s);

}  // namespace nety::bench
