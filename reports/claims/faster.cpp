// "MODE decodes faster than fp32 here": paired rates, on one backend.
#include <fmt/format.h>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Verdict;

Judgement judge_faster(const Case& about) {
  const std::string mode(about.subject);
  const ConfigurationView* candidate = about.evidence.find(about.subject);
  const ConfigurationView* reference =
      about.evidence.find("fp32", candidate == nullptr ? "" : candidate->backend());
  const results::Metric* rate = candidate == nullptr ? nullptr : candidate->decode_rate();
  const results::Metric* base = reference == nullptr ? nullptr : reference->decode_rate();
  const std::optional<Ratio> ratio = ratio_of(rate, base);
  if (!ratio)
    return not_tested(about, rate == nullptr ? candidate : reference,
                      command_text(fmt::format("--modes fp32,{}", mode)));

  Judgement judgement;
  judgement.margin =
      about.say(message::report_speed_margin, {about.words.plain(100 * kSpeedMargin)});
  judgement.evidence =
      about.say(message::report_speed, {mode, about.words.metric(*rate), about.words.metric(*base),
                                        ratio_text(*ratio, about.words)});
  switch (side_of(ratio->ci, 1 + kSpeedMargin)) {
    case Side::kAbove:
      judgement.verdict = Verdict::kSupported;
      judgement.sensitivity = about.say(message::report_speed_sensitivity);
      break;
    case Side::kBelow:
      judgement.verdict = Verdict::kRefuted;
      judgement.sensitivity = about.say(message::report_speed_sensitivity);
      break;
    case Side::kUnclear:
      judgement.verdict = Verdict::kInconclusive;
      judgement.sensitivity = about.say(message::report_more_rounds,
                                        {command_text(fmt::format("--modes fp32,{} -r 20", mode))});
      break;
  }
  return judgement;
}

}  // namespace nety::reports
