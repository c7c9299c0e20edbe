// "Retrying a failed quantised load helps": the failing call was made again, in the same process.
#include "reports/claims/stack.h"

namespace nety::reports {

using results::Verdict;

Judgement judge_retry_helps(const Case& about) {
  const results::Finding* first = stack_finding(about.evidence, "int8_offload");
  const results::Finding* again = stack_finding(about.evidence, "int8_offload_retry");
  if (outcome_of(first) == Check::kUnknown || outcome_of(again) == Check::kUnknown)
    return stack_not_tested(about);
  Judgement judgement;
  judgement.evidence = finding_text(*first) + " " + finding_text(*again);
  judgement.margin = about.say(message::report_retry_margin);
  judgement.sensitivity = about.say(message::report_stack_sensitivity);
  if (outcome_of(first) == Check::kWorks)
    judgement.verdict = Verdict::kInconclusive;  // nothing failed
  else
    judgement.verdict =
        outcome_of(again) == Check::kWorks ? Verdict::kSupported : Verdict::kRefuted;
  return judgement;
}

}  // namespace nety::reports
