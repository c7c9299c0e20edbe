// "fp32 of this model fits this machine": it was loaded and run, with a tenth to spare.
#include <fmt/core.h>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Status;
using results::Verdict;

namespace {

constexpr double kSpare = 0.10;

}  // namespace

Judgement judge_fits(const Case& about) {
  const ConfigurationView* fp32 = about.evidence.find(about.subject);
  const std::string command = command_text(about, fmt::format("--modes {}", about.subject));
  if (fp32 == nullptr) return not_tested(about, fp32, command);
  Judgement judgement;
  judgement.margin = about.say(message::report_fits_margin, {about.words.plain(100 * kSpare)});
  judgement.sensitivity = about.say(message::report_fits_sensitivity);
  if (fp32->status() == Status::kDoesNotFit) {
    judgement.verdict = Verdict::kRefuted;
    judgement.evidence = about.say(message::report_fits_not, {fp32->reason()});
    return judgement;
  }
  const std::optional<double> peak = fp32->value("load", "peak_rss_bytes");
  const results::Machine* machine = about.evidence.machine();
  if (fp32->status() != Status::kOk || !peak || machine == nullptr ||
      machine->memory_available_bytes == 0)
    return not_tested(about, fp32, command);
  const double available = static_cast<double>(machine->memory_available_bytes);
  judgement.verdict =
      *peak * (1 + kSpare) <= available ? Verdict::kSupported : Verdict::kInconclusive;
  judgement.evidence = about.say(message::report_fits_measured,
                                 {about.words.bytes(*peak), about.words.bytes(available)});
  return judgement;
}

}  // namespace nety::reports
