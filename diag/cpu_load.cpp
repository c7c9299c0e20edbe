// Who else is using the processors: other programs, and other machines of the same host.
#include <fmt/core.h>

#include <cstdlib>

#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {
namespace {

constexpr double kMuchSteal = 0.05;

results::Finding load(const Subject& subject) {
  const auto text = subject.machine.read("/proc/loadavg");
  if (!text)
    return subject.unknown("cpu.load", message::diag_load_title, "/proc/loadavg", text.reason);
  results::Finding finding = subject.finding("cpu.load", message::diag_load_title, "/proc/loadavg");
  const double minute = std::strtod(text.value->c_str(), nullptr);
  const int processors = machine::processors(subject.machine);
  finding.value = subject.say(message::diag_load_value,
                              {fmt::format("{:.2f}", minute), std::to_string(processors)});
  finding.data = minute;
  if (minute > 0.5 * processors) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_load_high);
    finding.remedy = subject.say(message::diag_load_remedy);
  }
  return finding;
}

/// Time that a hypervisor gave to others while this machine wanted to run, since it was started.
results::Finding steal(const Subject& subject) {
  const auto text = subject.machine.read("/proc/stat");
  if (!text)
    return subject.unknown("cpu.steal", message::diag_steal_title, "/proc/stat", text.reason);
  results::Finding finding = subject.finding("cpu.steal", message::diag_steal_title, "/proc/stat");
  // "cpu user nice system idle iowait irq softirq steal ..."; guest time is in user already.
  const std::string line = machine::single_spaced(machine::value_of(text, "cpu", ' '));
  const auto words = machine::split(line, ' ');
  constexpr size_t kSteal = 7;
  double all = 0;
  double stolen = 0;
  for (size_t i = 0; i < words.size() && i <= kSteal; ++i) {
    const auto ticks = static_cast<double>(machine::number_in(words[i]).value_or(0));
    all += ticks;
    if (i == kSteal) stolen = ticks;
  }
  if (words.size() <= kSteal || all <= 0)
    return subject.unknown("cpu.steal", message::diag_steal_title, "/proc/stat", "not said");
  finding.data = stolen / all;
  finding.value =
      subject.say(message::diag_steal_value, {fmt::format("{:.1f}", 100 * stolen / all)});
  if (stolen / all > kMuchSteal) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_steal_high);
    finding.remedy = subject.say(message::diag_steal_remedy);
  }
  return finding;
}

}  // namespace

Findings cpu_load(const Subject& subject) { return {load(subject), steal(subject)}; }

}  // namespace nety::diag::probes
