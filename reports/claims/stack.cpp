#include "reports/claims/stack.h"

#include <fmt/core.h>

namespace nety::reports {

using results::Finding;
using results::FindingStatus;

const Finding* stack_finding(const Evidence& evidence, std::string_view check) {
  return evidence.finding(fmt::format("stack.{}", check));
}

Check outcome_of(const Finding* finding) {
  if (finding == nullptr) return Check::kUnknown;
  switch (finding->status) {
    case FindingStatus::kOk:
      return Check::kWorks;
    case FindingStatus::kWarn:
    case FindingStatus::kFail:
      return Check::kFails;
    case FindingStatus::kAbsent:
    case FindingStatus::kUnknown:
      break;
  }
  return Check::kUnknown;
}

std::string finding_text(const Finding& finding) {
  std::string text =
      finding.value.empty() ? finding.title : fmt::format("{}: {}", finding.title, finding.value);
  if (!text.empty() && !text.ends_with('.')) text += '.';
  return text;
}

Judgement stack_not_tested(const Case& about) {
  Judgement judgement;
  judgement.evidence = about.say(message::report_stack_not_tested);
  judgement.command =
      "nety diag --python PYTHON -o stack.json && nety report nety-report/report.json stack.json";
  return judgement;
}

}  // namespace nety::reports
