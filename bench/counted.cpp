#include "bench/counted.h"

#include <cmath>
#include <limits>
#include <string>

namespace nety::bench {
namespace {

constexpr double kLineBytes = 64;  // of a cache line, on every processor that is run here

struct Figure {
  machine::Counter counter;
  const char *metric, *unit, *kind, *input;
  double factor;
};
constexpr Figure kFigures[] = {
    {machine::Counter::kInstructions, "instructions_per_token", "instructions", "measured",
     "the processor's counter, user code of all threads", 1},
    {machine::Counter::kCycles, "cycles_per_token", "cycles", "measured",
     "the processor's counter, user code of all threads", 1},
    {machine::Counter::kCacheMisses, "memory_bytes_per_token", "bytes", "estimated",
     "64 bytes for each miss of the last cache that the processor counted", kLineBytes},
};

}  // namespace

Counts no_counts() {
  Counts counts;
  counts.fill(std::numeric_limits<double>::quiet_NaN());
  return counts;
}

void CountedWork::end(Reply& reply) {
  const machine::CounterReading after = counters_->read();
  for (size_t i = 0; i < machine::kCounters; ++i)
    if (before_[i] && after[i])
      reply.numbers[std::string(machine::kCounterWords[i])] = *after[i].value - *before_[i].value;
}

Counts counts_of(const Reply& reply) {
  Counts counts;
  for (size_t i = 0; i < machine::kCounters; ++i)
    counts[i] = reply.number(std::string(machine::kCounterWords[i]));
  return counts;
}

void add_counts(Row& row, const Counts& counts, double tokens) {
  for (const Figure& figure : kFigures) {
    const double count = counts[static_cast<size_t>(figure.counter)];
    if (std::isfinite(count) && tokens > 0)
      row.add(figure.metric, figure.factor * count / tokens, figure.unit, figure.kind,
              {figure.input});
  }
}

}  // namespace nety::bench
