// "MODE decodes faster than fp32 here", and the same of prefill: paired rates, on one backend.
#include <fmt/core.h>

#include "reports/claims/judge.h"

namespace nety::reports {
namespace {

Judgement judge_speed(const Case& about, bool prefill) {
  const std::string mode(about.subject);
  const ConfigurationView* candidate = candidate_of(about);
  const ConfigurationView* reference =
      candidate == nullptr ? nullptr : about.evidence.find("fp32", candidate->backend());
  const auto rate_of = [prefill](const ConfigurationView* one) {
    return one == nullptr ? nullptr : prefill ? one->prefill_rate() : one->decode_rate();
  };
  const results::Metric* rate = rate_of(candidate);
  const results::Metric* base = rate_of(reference);
  const std::optional<Ratio> ratio =
      candidate == nullptr ? std::nullopt : about.evidence.speed_over(*candidate, "fp32", prefill);
  const std::string command =
      command_text(about, fmt::format("--modes fp32,{} --quality -r 20", mode));
  if (!ratio || base == nullptr)
    return not_tested(about, rate == nullptr ? candidate : reference, command);

  Judgement judgement;
  judgement.margin =
      about.say(message::report_speed_margin, {about.words.plain(100 * kSpeedMargin)});
  judgement.evidence =
      about.say(message::report_speed, {mode, about.words.metric(*rate), about.words.metric(*base),
                                        ratio_text(*ratio, about.words)});
  const Side side = side_of(ratio->ci, 1 + kSpeedMargin);
  judgement.verdict = verdict_of(side);
  judgement.sensitivity = about.say(side == Side::kUnclear ? message::report_more_rounds
                                                           : message::report_speed_sensitivity);
  if (side == Side::kUnclear) {
    judgement.command = command;
    const std::string more = what_decides(about, *ratio, 1 + kSpeedMargin, judgement.command);
    if (!more.empty()) judgement.sensitivity = more;
  } else if (is_tie(*ratio)) {
    judgement.add(about.say(message::report_tie));
  }
  return judgement;
}

}  // namespace

Judgement judge_faster(const Case& about) { return judge_speed(about, false); }
Judgement judge_faster_prefill(const Case& about) { return judge_speed(about, true); }

}  // namespace nety::reports
