// Whether the quota of a control group has stopped this container's processes: the kernel counts.
#include <fmt/core.h>

#include "core/machine/cgroup.h"
#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {
namespace {

constexpr double kMuch = 0.05;  // of the periods
constexpr uint64_t kFewPeriods = 20;

struct Count {
  uint64_t periods = 0, throttled = 0;
  std::string source;
  double share() const {
    return periods > 0 ? static_cast<double>(throttled) / static_cast<double>(periods) : 0;
  }
};

}  // namespace

Findings cpu_throttling(const Subject& subject) {
  std::optional<Count> worst;
  std::string denied;
  for (const machine::CgroupFolder& folder : machine::cgroup_folders(subject.machine, "cpu")) {
    const std::string path = folder.path + "/cpu.stat";
    const auto text = subject.machine.read(path);
    if (!text && text.reason != "missing") denied = text.reason;
    const auto periods = machine::number_in(machine::value_of(text, "nr_periods", ' '));
    const auto throttled = machine::number_in(machine::value_of(text, "nr_throttled", ' '));
    if (!periods || !throttled || *periods == 0) continue;
    const Count count{*periods, *throttled, path};
    if (!worst || count.share() > worst->share()) worst = count;
  }
  results::Finding finding = subject.finding("cpu.throttling", message::diag_throttling_title,
                                             worst ? worst->source : "cgroup cpu.stat");
  if (!worst) {
    if (!denied.empty())
      return {subject.unknown(finding.id, message::diag_throttling_title, finding.source, denied)};
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(message::diag_throttling_none);
    return {finding};
  }
  finding.value = subject.say(message::diag_throttling_value,
                              {fmt::format("{:.1f}", 100 * worst->share()),
                               std::to_string(worst->throttled), std::to_string(worst->periods)});
  finding.data = worst->share();
  if (worst->share() > kMuch && worst->periods >= kFewPeriods) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_throttling_much);
    finding.remedy = subject.say(message::diag_budget_remedy);
  }
  return {finding};
}

}  // namespace nety::diag::probes
