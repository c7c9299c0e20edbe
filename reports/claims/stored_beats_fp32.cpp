// "Running a quantised file as it is stored beats widening it to fp32": faster, smaller, and as
// good as the widened weights, whose arithmetic it approximates.
#include "reports/claims/judge.h"

namespace nety::reports {

using results::Verdict;

namespace {

/// The worst of several: one refutation refutes, one doubt leaves doubt.
Verdict worst(Verdict a, Verdict b) {
  if (a == Verdict::kRefuted || b == Verdict::kRefuted) return Verdict::kRefuted;
  return a == Verdict::kSupported ? b : a;
}

}  // namespace

Judgement judge_stored_beats_fp32(const Case& about) {
  const std::string command = command_text(about, "--modes fp32,stored --quality -r 20");
  if (!about.evidence.quantised_source().value_or(true)) {
    Judgement judgement;
    judgement.evidence = about.say(message::report_stored_is_float);
    judgement.sensitivity = about.say(message::report_stored_other_file);
    return judgement;
  }
  const ConfigurationView* stored = about.evidence.find(about.subject);
  const ConfigurationView* fp32 =
      about.evidence.find("fp32", stored == nullptr ? "" : stored->backend());
  const std::optional<Ratio> speed =
      stored == nullptr ? std::nullopt : about.evidence.speed_over(*stored, "fp32");
  if (!speed || fp32 == nullptr)
    return not_tested(about, stored == nullptr ? stored : fp32, command);

  Judgement judgement;
  judgement.verdict = verdict_of(side_of(speed->ci, 1 + kSpeedMargin));
  const ConfigurationView* reference = about.evidence.find("fp32");
  judgement.evidence =
      about.say(message::report_stored_reference,
                {about.evidence.model() == nullptr ? "?" : about.evidence.model()->stored,
                 reference == nullptr ? "fp32" : reference->name()}) +
      " ";
  judgement.evidence += about.say(message::report_stored_speed, {ratio_text(*speed, about.words)});
  judgement.margin =
      about.say(message::report_stored_margin,
                {about.words.plain(100 * kSpeedMargin), about.words.plain(about.admissible.kld),
                 about.words.plain(100 * about.admissible.top1)});
  const std::optional<double> peak = stored->value("load", "peak_rss_bytes");
  const std::optional<double> wide_peak = fp32->value("load", "peak_rss_bytes");
  if (peak && wide_peak) {
    judgement.verdict =
        worst(judgement.verdict, *peak < *wide_peak ? Verdict::kSupported : Verdict::kRefuted);
    judgement.add(about.say(message::report_stored_memory,
                            {about.words.bytes(*peak), about.words.bytes(*wide_peak)}));
  }
  const Closeness closeness = closeness_of(*stored, about.admissible);
  judgement.verdict =
      worst(judgement.verdict, closeness == Closeness::kClose ? Verdict::kSupported
                               : closeness == Closeness::kFar ? Verdict::kRefuted
                                                              : Verdict::kInconclusive);
  judgement.add(closeness_text(*stored, about.words) + ".");
  const bool undecided = judgement.verdict == Verdict::kInconclusive;
  judgement.sensitivity =
      about.say(undecided ? message::report_more_rounds : message::report_speed_sensitivity);
  if (undecided) {
    judgement.command = command;
    if (side_of(speed->ci, 1 + kSpeedMargin) == Side::kUnclear) {
      const std::string more = what_decides(about, *speed, 1 + kSpeedMargin, judgement.command);
      if (!more.empty()) judgement.sensitivity = more;
    } else if (closeness == Closeness::kUnclear || closeness == Closeness::kUnknown) {
      judgement.sensitivity = what_scores(about, *stored, judgement.command);
      if (judgement.sensitivity.empty())
        judgement.sensitivity = about.say(message::report_more_text);
    }
  }
  return judgement;
}

}  // namespace nety::reports
