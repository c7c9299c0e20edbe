// What the processor counted while tokens were computed: instructions, cycles and misses of the
// last cache, where the machine shows its counters. Counts of equal work differ far less than its
// times.
#pragma once

#include <array>
#include <memory>

#include "bench/protocol.h"
#include "bench/rows.h"
#include "core/machine/machine.h"

namespace nety::bench {

/// By machine::Counter; NaN: not counted.
using Counts = std::array<double, machine::kCounters>;
Counts no_counts();

/// The worker's side: what was counted between two moments, in all threads.
class CountedWork {
 public:
  /// Counts threads that are started from now on, and this one.
  explicit CountedWork(const machine::Machine& machine) : counters_(machine.counters()) {}
  void begin() { before_ = counters_->read(); }
  /// Into the answer, by the counters' words; nothing for a counter that cannot be read.
  void end(Reply& reply);

 private:
  std::unique_ptr<machine::Counters> counters_;
  machine::CounterReading before_;
};

/// Those in an answer.
Counts counts_of(const Reply& reply);

/// Figures per token into a row: instructions_per_token, cycles_per_token, and
/// memory_bytes_per_token, estimated from misses of the last cache.
void add_counts(Row& row, const Counts& counts, double tokens);

}  // namespace nety::bench
