// Whether there is swap, and whether it is in use.
#include <algorithm>

#include "core/base/units.h"
#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings memory_swap(const Subject& subject) {
  constexpr const char* kSource = "/proc/meminfo SwapTotal, SwapFree";
  const auto info = subject.machine.read("/proc/meminfo");
  const auto kilobytes = [&](const char* key) {
    return machine::number_in(machine::value_of(info, key, ':'), "kB");
  };
  const auto total = kilobytes("SwapTotal"), free = kilobytes("SwapFree");
  if (!total || !free)
    return {subject.unknown("memory.swap", message::diag_swap_title, kSource,
                            info ? "not said" : info.reason)};
  results::Finding finding = subject.finding("memory.swap", message::diag_swap_title, kSource);
  finding.data = static_cast<double>(*total * 1024);
  if (*total == 0) {
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(message::diag_swap_none);
    return {finding};
  }
  const uint64_t used = *total - std::min(*free, *total);
  finding.value = subject.say(message::diag_swap_value,
                              {format_bytes(used * 1024), format_bytes(*total * 1024)});
  if (used > *total / 2) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_swap_used);
    finding.remedy = subject.say(message::diag_available_low_remedy);
  }
  return {finding};
}

}  // namespace nety::diag::probes
