// How many processors this process may really use.
#include <fmt/core.h>

#include "diag/probe.h"

namespace nety::diag::probes {

Findings cpu_budget(const Subject& subject) {
  const results::CpuBudget budget = machine::cpu_budget(subject.machine);
  const int all = machine::processors(subject.machine);
  const std::string threads = std::to_string(budget.threads);
  results::Finding finding = subject.finding("cpu.budget", message::diag_budget_title,
                                             "sched_getaffinity, cgroup cpuset and quota");
  finding.data = budget.threads;
  const bool by_quota = budget.quota && *budget.quota < budget.affinity;
  const bool by_set = budget.cpuset && *budget.cpuset < all && *budget.cpuset <= budget.affinity;
  if (!by_quota && !by_set && budget.affinity >= all) {
    finding.value = subject.say(message::diag_budget_all, {threads, std::to_string(all)});
    return {finding};
  }
  finding.value =
      by_quota ? subject.say(message::diag_budget_quota,
                             {threads, std::to_string(all), fmt::format("{:.3g}", *budget.quota)})
               : subject.say(by_set ? message::diag_budget_cpuset : message::diag_budget_affinity,
                             {threads, std::to_string(all)});
  finding.status = results::FindingStatus::kWarn;
  finding.consequence = by_quota && *budget.quota < 1
                            ? subject.say(message::diag_budget_below_one)
                            : subject.say(message::diag_budget_limited, {threads});
  finding.remedy = subject.say(message::diag_budget_remedy);
  return {finding};
}

}  // namespace nety::diag::probes
