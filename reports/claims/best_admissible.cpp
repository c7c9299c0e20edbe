// "The policy's choice is the best admissible mode": nothing measured beside it decodes faster by
// more than the margin while staying close enough to fp32.
#include <fmt/format.h>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Status;
using results::Verdict;

BestChoice best_choice(const Evidence& evidence, const Admissible& admissible) {
  BestChoice choice;
  choice.chosen = evidence.chosen();
  if (choice.chosen == nullptr || choice.chosen->decode_rate() == nullptr) return choice;
  choice.best = choice.chosen;
  bool doubt = false, compared = false;
  const Closeness own = closeness_of(*choice.chosen, admissible);
  for (const ConfigurationView& other : evidence.configurations()) {
    if (&other == choice.chosen || other.status() != Status::kOk) continue;
    if (other.device() != choice.chosen->device()) continue;
    const std::optional<Ratio> speed = ratio_of(other.decode_rate(), choice.chosen->decode_rate());
    if (!speed) continue;
    compared = true;
    const Side side = side_of(speed->ci, 1 + kSpeedMargin);
    const Closeness closeness = closeness_of(other, admissible);
    if (side == Side::kBelow || closeness == Closeness::kFar) continue;
    if (side != Side::kAbove || closeness != Closeness::kClose) {
      doubt = true;
    } else if (!choice.speedup || speed->value > choice.speedup->value) {
      choice.best = &other;
      choice.speedup = speed;
    }
  }
  if (choice.best != choice.chosen || own == Closeness::kFar) {
    choice.verdict = Verdict::kRefuted;
  } else if (doubt || own != Closeness::kClose) {
    choice.verdict = compared ? Verdict::kInconclusive : Verdict::kNotTested;
  } else {
    choice.verdict = compared ? Verdict::kSupported : Verdict::kNotTested;
  }
  return choice;
}

Judgement judge_best_admissible(const Case& about) {
  const BestChoice choice = best_choice(about.evidence, about.admissible);
  const Wording& words = about.words;
  const std::string command = command_text("--modes all --quality -r 20");
  if (!about.evidence.file().decision) {
    Judgement judgement;
    judgement.evidence = about.say(message::report_best_no_decision);
    judgement.sensitivity = about.say(message::report_to_test, {"nety report"});
    return judgement;
  }
  if (choice.best == nullptr) return not_tested(about, choice.chosen, command);

  Judgement judgement;
  judgement.verdict = choice.verdict;
  const std::string chosen =
      fmt::format("{} ({})", choice.chosen->mode(), choice.chosen->backend());
  const std::string best = fmt::format("{} ({})", choice.best->mode(), choice.best->backend());
  const results::Metric& rate = *choice.chosen->decode_rate();
  judgement.evidence = about.say(message::report_best_chosen, {chosen, words.metric(rate)});
  judgement.margin = about.say(message::report_best_margin,
                               {words.plain(100 * kSpeedMargin), words.plain(about.admissible.kld),
                                words.plain(100 * about.admissible.top1)});
  if (choice.best != choice.chosen) {
    const double regret = *choice.best->decode_rate()->median - *rate.median;
    judgement.add(about.say(message::report_best_other, {best, ratio_text(*choice.speedup, words),
                                                         closeness_text(*choice.best, words)}));
    judgement.add(about.say(message::report_best_regret, {words.number(regret)}));
    const std::optional<double> peak = choice.chosen->value("load", "peak_rss_bytes");
    const std::optional<double> best_peak = choice.best->value("load", "peak_rss_bytes");
    if (peak && best_peak && *peak > *best_peak)
      judgement.add(
          about.say(message::report_best_regret_bytes, {words.bytes(*peak - *best_peak)}));
  } else if (closeness_of(*choice.chosen, about.admissible) == Closeness::kFar) {
    judgement.add(
        about.say(message::report_best_not_admissible, {closeness_text(*choice.chosen, words)}));
  } else if (choice.verdict == Verdict::kSupported) {
    judgement.add(about.say(message::report_best_none_faster));
  }
  judgement.sensitivity =
      choice.verdict == Verdict::kInconclusive ? about.say(message::report_best_doubt, {command})
      : choice.verdict == Verdict::kNotTested  ? about.say(message::report_to_test, {command})
                                               : about.say(message::report_best_sensitivity);
  return judgement;
}

}  // namespace nety::reports
