// What cured the story's crash: fp32, or putting everything on the CPU? Both changed at once, so
// the 8-bit call with device_map="cpu" tells them apart.
#include "reports/claims/stack.h"

namespace nety::reports {

using results::Finding;
using results::Verdict;

namespace {

/// The four calls: the fix, the story's call with layers offloaded and with memory enough, and
/// 8-bit on the CPU alone.
struct Calls {
  const Finding *fp32_cpu, *offloaded, *enough, *int8_cpu;
};

Calls calls_of(const Evidence& evidence) {
  return {stack_finding(evidence, "fp32"), stack_finding(evidence, "int8_offload"),
          stack_finding(evidence, "int8"), stack_finding(evidence, "int8_cpu")};
}

/// The calls' outcomes as the evidence, and what would change them.
Judgement judgement_from(const Case& about, const Calls& calls) {
  Judgement judgement;
  for (const Finding* finding : {calls.offloaded, calls.enough, calls.int8_cpu, calls.fp32_cpu})
    if (outcome_of(finding) != Check::kUnknown) {
      if (!judgement.evidence.empty()) judgement.evidence += ' ';
      judgement.evidence += finding_text(*finding);
    }
  judgement.margin = about.say(message::report_fix_margin);
  judgement.sensitivity = about.say(message::report_stack_sensitivity);
  return judgement;
}

/// `if_it_works` if the 8-bit call on the CPU works, the opposite if it fails. INCONCLUSIVE unless
/// the offloaded call fails and the fix works: else nothing was cured.
Judgement judge_cause(const Case& about, Verdict if_it_works) {
  const Calls calls = calls_of(about.evidence);
  const Check broken = outcome_of(calls.offloaded), alone = outcome_of(calls.int8_cpu),
              fixed = outcome_of(calls.fp32_cpu);
  if (broken == Check::kUnknown || alone == Check::kUnknown || fixed == Check::kUnknown)
    return stack_not_tested(about);
  Judgement judgement = judgement_from(about, calls);
  if (broken == Check::kWorks || fixed == Check::kFails) {
    judgement.verdict = Verdict::kInconclusive;
    judgement.sensitivity = about.say(message::report_fix_nothing_cured);
    return judgement;
  }
  const Verdict if_it_fails =
      if_it_works == Verdict::kSupported ? Verdict::kRefuted : Verdict::kSupported;
  judgement.verdict = alone == Check::kWorks ? if_it_works : if_it_fails;
  return judgement;
}

}  // namespace

Judgement judge_fix_is_fp32(const Case& about) { return judge_cause(about, Verdict::kRefuted); }

Judgement judge_fix_is_device_map(const Case& about) {
  return judge_cause(about, Verdict::kSupported);
}

}  // namespace nety::reports
