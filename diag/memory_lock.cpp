// How much memory this session may keep from being paged out.
#include <fmt/core.h>

#include "core/base/units.h"
#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings memory_lock(const Subject& subject) {
  constexpr const char* kSource = "/proc/self/limits";
  constexpr std::string_view kLine = "Max locked memory";
  const auto limits = subject.machine.read(kSource);
  if (!limits)
    return {subject.unknown("memory.lock", message::diag_lock_title, kSource, limits.reason)};
  results::Finding finding = subject.finding("memory.lock", message::diag_lock_title,
                                             fmt::format("{} RLIMIT_MEMLOCK", kSource));
  std::string soft;
  for (const std::string_view line : machine::split(*limits.value, '\n')) {
    if (!line.starts_with(kLine)) continue;
    const auto words = machine::split(line.substr(kLine.size()), ' ');
    if (!words.empty()) soft = words[0];
  }
  if (soft == "unlimited") {
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(message::diag_limit_none);
    return {finding};
  }
  const auto bytes = machine::number_in(soft);
  if (!bytes)
    return {subject.unknown("memory.lock", message::diag_lock_title, kSource, "not said")};
  finding.value = format_bytes(*bytes);
  finding.data = static_cast<double>(*bytes);
  finding.consequence = subject.say(message::diag_lock_fine);
  return {finding};
}

}  // namespace nety::diag::probes
