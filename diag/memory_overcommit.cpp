// Whether the kernel promises more memory than there is, or refuses early.
#include <iterator>

#include "core/base/units.h"
#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings memory_overcommit(const Subject& subject) {
  constexpr const char* kSource = "/proc/sys/vm/overcommit_memory";
  constexpr MessageId kWords[] = {message::diag_overcommit_heuristic,
                                  message::diag_overcommit_always, message::diag_overcommit_never};
  const auto text = subject.machine.read(kSource);
  const auto mode = machine::number_in(text.value.value_or(""));
  if (!mode || *mode >= std::size(kWords))
    return {subject.unknown("memory.overcommit", message::diag_overcommit_title, kSource,
                            text ? "not said" : text.reason)};
  results::Finding finding =
      subject.finding("memory.overcommit", message::diag_overcommit_title, kSource);
  finding.value = subject.say(kWords[*mode]);
  if (*mode != 2) return {finding};
  const auto info = subject.machine.read("/proc/meminfo");
  const auto limit = machine::number_in(machine::value_of(info, "CommitLimit", ':'), "kB");
  const auto promised = machine::number_in(machine::value_of(info, "Committed_AS", ':'), "kB");
  std::string left = "?";
  if (limit && promised) {
    const uint64_t bytes = *limit > *promised ? (*limit - *promised) * 1024 : 0;
    finding.data = static_cast<double>(bytes);
    left = format_bytes(bytes);
  }
  finding.status = results::FindingStatus::kWarn;
  finding.consequence = subject.say(message::diag_overcommit_strict, {left});
  finding.remedy = subject.say(message::diag_overcommit_remedy);
  return {finding};
}

}  // namespace nety::diag::probes
