// "No other engine measured here is faster": every contender against what NETY runs, once it is
// known whether the answers are the same.
#include <algorithm>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Status;
using results::Verdict;

namespace {

/// What NETY would run: the policy's choice, else its fastest row.
const ConfigurationView* own(const Evidence& evidence) {
  const ConfigurationView* best = evidence.chosen();
  if (best != nullptr && best->decode_rate() != nullptr) return best;
  best = nullptr;
  for (const ConfigurationView& one : evidence.configurations()) {
    const results::Metric* rate = one.decode_rate();
    if (one.backend() != "native" || one.status() != Status::kOk || rate == nullptr) continue;
    if (best == nullptr || *rate->median > *best->decode_rate()->median) best = &one;
  }
  return best;
}

/// Theirs over ours. A server's rate has sampling and text in it, so ours is taken with them too.
std::optional<Ratio> speed_of(const ConfigurationView& other, const ConfigurationView& ours) {
  std::optional<Ratio> ratio = rate_ratio(other.decode_row(), ours.decode_row(), "tg_tps");
  const std::optional<double> whole = ours.value("generate", "e2e_tg_tps");
  const results::Metric* engine = ours.decode_rate();
  if (!ratio || other.key().contender != "openai" || !whole || engine == nullptr || *whole <= 0)
    return ratio;
  const double factor = *engine->median / *whole;
  ratio->value *= factor;
  if (ratio->ci) ratio->ci = {ratio->ci->first * factor, ratio->ci->second * factor};
  return ratio;
}

std::string answers_text(const Case& about, const ConfigurationView& other, Closeness answers) {
  const results::Metric* top1 = other.metric("quality", "top1_agreement");
  if (top1 == nullptr || !top1->median) return about.say(message::report_contender_unknown);
  const std::string share = about.words.metric(*top1);
  return about.say(answers == Closeness::kClose ? message::report_contender_same
                   : answers == Closeness::kFar ? message::report_contender_differs
                                                : message::report_contender_unclear,
                   {share});
}

}  // namespace

Closeness answers_of(const ConfigurationView& other, const Admissible& admissible) {
  if (other.metric("quality", "kld") != nullptr) return closeness_of(other, admissible);
  const results::Metric* top1 = other.metric("quality", "top1_agreement");
  if (top1 == nullptr || !top1->median) return Closeness::kUnknown;
  const Side side = side_of(top1->ci, admissible.top1);
  return side == Side::kAbove   ? Closeness::kClose
         : side == Side::kBelow ? Closeness::kFar
                                : Closeness::kUnclear;
}

Judgement judge_contenders(const Case& about) {
  const std::string command = "nety report --contender NAME=COMMAND";
  const ConfigurationView* const ours = own(about.evidence);
  bool any = false, compared = false, faster = false, doubt = false;
  Judgement judgement;
  judgement.evidence = about.say(message::report_contenders_none);
  if (ours != nullptr)
    judgement.evidence = about.say(message::report_contenders_ours,
                                   {ours->name(), about.words.metric(*ours->decode_rate())});
  for (const ConfigurationView& other : about.evidence.configurations()) {
    if (other.key().contender.empty()) continue;
    any = true;
    const std::optional<Ratio> speed = ours == nullptr ? std::nullopt : speed_of(other, *ours);
    if (!speed) {
      judgement.add(not_tested(about, &other, command).evidence);
      continue;
    }
    compared = true;
    const Closeness answers = answers_of(other, about.admissible);
    judgement.add(
        about.say(message::report_contender_rate, {other.name(), ratio_text(*speed, about.words)}));
    judgement.add(answers_text(about, other, answers));
    const Side side = side_of(speed->ci, 1 + kSpeedMargin);
    if (side == Side::kBelow || answers == Closeness::kFar) continue;
    (side == Side::kAbove && answers == Closeness::kClose ? faster : doubt) = true;
  }
  if (!any) return not_tested(about, nullptr, command);
  if (!compared) {
    judgement.command = command;
    return judgement;
  }
  judgement.verdict = faster  ? Verdict::kRefuted
                      : doubt ? Verdict::kInconclusive
                              : Verdict::kSupported;
  judgement.margin = about.say(
      message::report_contender_margin,
      {about.words.plain(100 * kSpeedMargin), about.words.plain(100 * about.admissible.top1)});
  judgement.sensitivity = about.say(judgement.verdict == Verdict::kInconclusive
                                        ? message::report_contenders_doubt
                                        : message::report_contenders_sensitivity);
  return judgement;
}

}  // namespace nety::reports
