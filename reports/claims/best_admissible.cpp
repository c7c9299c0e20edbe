// "The policy's choice is the best admissible mode", and the same of the CPU rule's fp32: nothing
// measured beside it decodes faster by more than the margin while staying close enough to fp32.
#include "core/precision/mode.h"
#include "reports/claims/judge.h"

namespace nety::reports {

using results::Status;
using results::Verdict;

namespace {

/// `choice.chosen` against every configuration on its device that `counts`.
void compare(BestChoice& choice, const Evidence& evidence, const Admissible& admissible,
             bool (*counts)(const ConfigurationView&)) {
  if (choice.chosen == nullptr || choice.chosen->decode_rate() == nullptr) return;
  choice.best = choice.chosen;
  bool doubt = false, compared = false;
  const Closeness own = closeness_of(*choice.chosen, admissible);
  for (const ConfigurationView& other : evidence.configurations()) {
    if (&other == choice.chosen || other.status() != Status::kOk || !counts(other)) continue;
    if (other.device() != choice.chosen->device()) continue;
    const std::optional<Ratio> speed =
        rate_ratio(other.decode_row(), choice.chosen->decode_row(), "tg_tps");
    if (!speed) continue;
    compared = true;
    const Side side = side_of(speed->ci, 1 + kSpeedMargin);
    const Closeness closeness = closeness_of(other, admissible);
    if (is_tie(*speed)) choice.ties.push_back(&other);
    if (side == Side::kBelow || closeness == Closeness::kFar) continue;
    if (side != Side::kAbove || closeness != Closeness::kClose) {
      doubt = true;
      if (side == Side::kAbove && choice.unscored == nullptr) choice.unscored = &other;
      if (side == Side::kUnclear && choice.doubt == nullptr) {
        choice.doubt = &other;
        choice.doubtful = speed;
      }
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
}

/// What the choice costs against the best: rate, and memory where the best needs less.
void add_regret(const Case& about, const BestChoice& choice, Judgement& judgement) {
  const Wording& words = about.words;
  judgement.add(about.say(message::report_best_other,
                          {choice.best->name(), ratio_text(*choice.speedup, words),
                           closeness_text(*choice.best, words)}));
  const double regret = *choice.best->decode_rate()->median - *choice.chosen->decode_rate()->median;
  judgement.add(about.say(message::report_best_regret, {words.number(regret)}));
  const std::optional<double> peak = choice.chosen->value("load", "peak_rss_bytes");
  const std::optional<double> best_peak = choice.best->value("load", "peak_rss_bytes");
  if (!peak || !best_peak) return;
  judgement.add(
      *peak > *best_peak
          ? about.say(message::report_best_regret_bytes, {words.bytes(*peak - *best_peak)})
          : about.say(message::report_best_costs_bytes, {words.bytes(*best_peak - *peak)}));
}

/// The judgement on a choice that was made and can be compared.
Judgement judge_choice(const Case& about, const BestChoice& choice, const std::string& command) {
  const Wording& words = about.words;
  if (choice.best == nullptr) return not_tested(about, choice.chosen, command);
  Judgement judgement;
  judgement.verdict = choice.verdict;
  judgement.evidence =
      about.say(message::report_best_chosen,
                {choice.chosen->name(), words.metric(*choice.chosen->decode_rate())});
  judgement.margin = about.say(message::report_best_margin,
                               {words.plain(100 * kSpeedMargin), words.plain(about.admissible.kld),
                                words.plain(100 * about.admissible.top1)});
  if (choice.best != choice.chosen) {
    add_regret(about, choice, judgement);
  } else if (closeness_of(*choice.chosen, about.admissible) == Closeness::kFar) {
    judgement.add(
        about.say(message::report_best_not_admissible, {closeness_text(*choice.chosen, words)}));
  } else if (choice.verdict == Verdict::kSupported) {
    judgement.add(about.say(message::report_best_none_faster));
  }
  judgement.sensitivity =
      about.say(choice.verdict == Verdict::kInconclusive ? message::report_best_doubt
                                                         : message::report_best_sensitivity);
  if (choice.verdict == Verdict::kInconclusive || choice.verdict == Verdict::kNotTested)
    judgement.command = command;
  for (const ConfigurationView* tie : choice.ties)
    judgement.add(about.say(message::report_best_tie, {tie->name()}));
  if (choice.verdict != Verdict::kInconclusive) return judgement;
  if (choice.doubt == nullptr) {
    const ConfigurationView& open = choice.unscored != nullptr ? *choice.unscored : *choice.chosen;
    const std::string more = what_scores(about, open, judgement.command);
    if (!more.empty()) judgement.sensitivity = more;
    return judgement;
  }
  const std::string more =
      what_decides(about, *choice.doubtful, 1 + kSpeedMargin, judgement.command);
  if (!more.empty())
    judgement.sensitivity = about.say(message::report_best_doubt_of, {choice.doubt->name(), more});
  return judgement;
}

}  // namespace

BestChoice best_choice(const Evidence& evidence, const Admissible& admissible) {
  BestChoice choice;
  choice.chosen = evidence.chosen();
  compare(choice, evidence, admissible, [](const ConfigurationView& other) {
    return other.key().contender.empty();  // which nety cannot choose
  });
  return choice;
}

BestChoice best_beside_fp32(const Evidence& evidence, const Admissible& admissible) {
  BestChoice choice;
  choice.chosen = evidence.find("fp32", "native");
  compare(choice, evidence, admissible, [](const ConfigurationView& other) {
    const precision::Mode* mode = precision::find_mode(other.mode());
    return other.backend() == "native" && mode != nullptr &&
           mode->kind != precision::ModeKind::kStored;
  });
  return choice;
}

Judgement judge_best_fp32(const Case& about) {
  const BestChoice choice = best_beside_fp32(about.evidence, about.admissible);
  return judge_choice(about, choice, command_text(about, "--modes all --quality -r 20"));
}

Judgement judge_best_admissible(const Case& about) {
  if (about.evidence.decision() == nullptr) {
    Judgement judgement;
    judgement.evidence = about.say(message::report_best_no_decision);
    judgement.command = "nety report";
    return judgement;
  }
  const BestChoice choice = best_choice(about.evidence, about.admissible);
  return judge_choice(about, choice, command_text(about, "--modes all --quality -r 20"));
}

}  // namespace nety::reports
