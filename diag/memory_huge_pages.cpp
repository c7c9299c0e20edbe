// Whether the kernel backs large buffers with 2 MiB pages: fewer address translations per weight.
#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {

Findings memory_huge_pages(const Subject& subject) {
  constexpr const char* kSource = "/sys/kernel/mm/transparent_hugepage/enabled";
  const auto text = subject.machine.read(kSource);
  if (!text)
    return {subject.unknown("memory.huge_pages", message::diag_huge_title, kSource, text.reason)};
  // "always [madvise] never": the word in brackets is the choice.
  const size_t open = text.value->find('['), close = text.value->find(']');
  if (open == std::string::npos || close == std::string::npos || close < open)
    return {subject.unknown("memory.huge_pages", message::diag_huge_title, kSource, "not said")};
  results::Finding finding =
      subject.finding("memory.huge_pages", message::diag_huge_title, kSource);
  finding.value = text.value->substr(open + 1, close - open - 1);
  if (finding.value == "never") {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_huge_never);
    finding.remedy = subject.say(message::diag_huge_remedy);
  }
  return {finding};
}

}  // namespace nety::diag::probes
