// "MODE needs less memory than fp32 here": the peaks of two processes that did the same work.
#include <fmt/core.h>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Verdict;

namespace {

constexpr double kMemoryMargin = 0.05;

}  // namespace

Judgement judge_smaller(const Case& about) {
  const ConfigurationView* candidate = candidate_of(about);
  const ConfigurationView* reference =
      candidate == nullptr ? nullptr : about.evidence.find("fp32", candidate->backend());
  const auto peak_of = [](const ConfigurationView* one) {
    return one == nullptr ? std::nullopt : one->value("load", "peak_rss_bytes");
  };
  const std::optional<double> peak = peak_of(candidate), base = peak_of(reference);
  if (!peak || !base || *base <= 0)
    return not_tested(
        about, peak ? reference : candidate,
        command_text(about, fmt::format("--modes fp32,{} --quality -r 20", about.subject)));
  Judgement judgement;
  judgement.verdict = *peak < (1 - kMemoryMargin) * *base ? Verdict::kSupported : Verdict::kRefuted;
  judgement.margin =
      about.say(message::report_smaller_margin, {about.words.plain(100 * kMemoryMargin)});
  judgement.evidence = about.say(message::report_smaller,
                                 {std::string(about.subject), about.words.bytes(*peak),
                                  about.words.bytes(*base), about.words.times(*peak / *base)});
  judgement.sensitivity = about.say(message::report_smaller_sensitivity);
  return judgement;
}

}  // namespace nety::reports
