// "On this CPU fp32 is stable": it runs to the end, every number is finite, the same tokens give
// the same bits, and where another engine ran fp32 too, both predict the same.
#include <fmt/core.h>

#include "reports/claims/judge.h"

namespace nety::reports {
namespace {

using results::Status;
using results::Verdict;

constexpr double kSameEngine = 1e-4;  // KLD between two fp32 engines: summation order only

/// The same mode on another backend, with a divergence from ours.
const ConfigurationView* other_engine(const Evidence& evidence, const ConfigurationView& ours) {
  for (const ConfigurationView& other : evidence.configurations())
    if (other.mode() == ours.mode() && other.backend() != ours.backend() &&
        other.value("quality", "kld"))
      return &other;
  return nullptr;
}

}  // namespace

Judgement judge_stable(const Case& about) {
  const std::string mode(about.subject);
  const ConfigurationView* fp32 = about.evidence.find(about.subject);
  const std::string command = command_text(about, fmt::format("--modes {} --quality", mode));
  if (fp32 == nullptr) return not_tested(about, fp32, command);

  Judgement judgement;
  judgement.margin = about.say(message::report_stable_margin, {about.words.plain(kSameEngine)});
  const Status status = fp32->status();
  if (status == Status::kCrashed || status == Status::kTimeout || status == Status::kError) {
    judgement.verdict = Verdict::kRefuted;
    judgement.evidence = about.say(message::report_stable_failed,
                                   {std::string(results::name_of(status)), fp32->reason()});
    return judgement;
  }
  const results::Metric* nll = fp32->metric("quality", "nll");
  if (status != Status::kOk || nll == nullptr) return not_tested(about, fp32, command);
  if (!nll->median) {
    judgement.verdict = Verdict::kRefuted;
    judgement.evidence = about.say(message::report_stable_not_finite, {nll->reason});
    return judgement;
  }
  judgement.evidence = about.say(message::report_stable_finite, {about.words.count(nll->n)});
  judgement.verdict = Verdict::kSupported;
  judgement.sensitivity = about.say(message::report_stable_sensitivity);

  if (const std::optional<double> drift = fp32->value("quality", "repeat_difference")) {
    judgement.add((*drift == 0
                       ? about.say(message::report_stable_same_bits)
                       : about.say(message::report_stable_drift, {about.words.number(*drift)})));
    if (*drift != 0) judgement.verdict = Verdict::kRefuted;
  }
  if (const ConfigurationView* other = other_engine(about.evidence, *fp32)) {
    const double kld = *other->value("quality", "kld");
    judgement.add(
        about.say(message::report_stable_other, {other->backend(), about.words.number(kld)}));
    if (kld > kSameEngine) judgement.verdict = Verdict::kRefuted;
  } else {
    judgement.add(about.say(message::report_stable_alone));
  }
  return judgement;
}

}  // namespace nety::reports
