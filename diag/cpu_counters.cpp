// Whether the processor's counters can be read: without them results have rates and no counts.
#include "core/base/words.h"
#include "diag/probe.h"

namespace nety::diag::probes {
namespace {

std::string title_of(const Subject& subject, machine::Counter counter) {
  switch (counter) {
    case machine::Counter::kInstructions:
      return subject.say(message::diag_counters_instructions);
    case machine::Counter::kCycles:
      return subject.say(message::diag_counters_cycles);
    case machine::Counter::kCacheMisses:
      return subject.say(message::diag_counters_misses);
  }
  return "";
}

}  // namespace

Findings cpu_counters(const Subject& subject) {
  constexpr const char* kSource = "perf_event_open";
  results::Finding finding = subject.finding("cpu.counters", message::diag_counters_title, kSource);
  const machine::CounterReading reading = subject.machine.counters()->read();
  std::string readable, reason;
  for (size_t i = 0; i < machine::kCounters; ++i) {
    if (reading[i])
      append_word(readable, title_of(subject, static_cast<machine::Counter>(i)));
    else if (reason.empty())
      reason = reading[i].reason;
  }
  finding.value = readable;
  if (!readable.empty()) return {finding};
  if (reason == "missing") {
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(message::diag_counters_none);
  } else {
    finding = subject.unknown(finding.id, message::diag_counters_title, kSource, reason);
    if (reason == "denied")
      finding.remedy = subject.say(message::diag_counters_remedy);
    else
      finding.status = results::FindingStatus::kAbsent;  // nobody need look into it
  }
  finding.consequence = subject.say(message::diag_counters_without);
  return {finding};
}

}  // namespace nety::diag::probes
