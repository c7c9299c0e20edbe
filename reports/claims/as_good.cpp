// "MODE answers as well as fp32": within the limits that make a mode admissible.
#include <fmt/core.h>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Verdict;

Judgement judge_as_good(const Case& about) {
  const std::string mode(about.subject);
  const ConfigurationView* candidate = candidate_of(about);
  const Closeness closeness =
      candidate == nullptr ? Closeness::kUnknown : closeness_of(*candidate, about.admissible);
  const std::string modes = fmt::format("--modes fp32,{} --quality -r 20", mode);
  if (closeness == Closeness::kUnknown) {
    Judgement judgement = not_tested(about, candidate, command_text(about, modes));
    if (candidate == nullptr) return judgement;
    const std::string more = what_scores(about, *candidate, judgement.command);
    if (!more.empty()) judgement.evidence = more;
    return judgement;
  }

  Judgement judgement;
  judgement.evidence = closeness_text(*candidate, about.words);
  judgement.margin = about.say(
      message::report_quality_margin,
      {about.words.plain(about.admissible.kld), about.words.plain(100 * about.admissible.top1)});
  judgement.sensitivity = about.say(message::report_quality_sensitivity);
  judgement.verdict = closeness == Closeness::kClose ? Verdict::kSupported
                      : closeness == Closeness::kFar ? Verdict::kRefuted
                                                     : Verdict::kInconclusive;
  if (judgement.verdict == Verdict::kInconclusive) {
    judgement.sensitivity = about.say(message::report_more_text);
    judgement.command = command_text(about, fmt::format("--modes fp32,{} --quality FILE", mode));
    const std::string more = what_scores(about, *candidate, judgement.command);
    if (!more.empty()) judgement.sensitivity = more;
  }
  return judgement;
}

}  // namespace nety::reports
