// "MODE works when memory is too small": one of diag's tests in the user's Python decides.
#include "reports/claims/stack.h"

namespace nety::reports {

using results::Verdict;

Judgement judge_stack_check(const Case& about) {
  const results::Finding* finding = stack_finding(about.evidence, about.subject);
  const Check check = outcome_of(finding);
  if (check == Check::kUnknown) return stack_not_tested(about);
  Judgement judgement;
  judgement.verdict = check == Check::kWorks ? Verdict::kSupported : Verdict::kRefuted;
  judgement.evidence = finding_text(*finding);
  judgement.margin = about.say(message::report_works_margin);
  judgement.sensitivity = about.say(message::report_stack_sensitivity);
  return judgement;
}

}  // namespace nety::reports
