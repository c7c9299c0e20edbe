// "MODE through the installed bitsandbytes works on this CPU": what the story says it does not. The
// rows come from the backend that runs the user's own Python stack.
#include <fmt/core.h>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Status;
using results::Verdict;

Judgement judge_installed_works(const Case& about) {
  const std::string mode(about.subject);
  const ConfigurationView* row = candidate_of(about);
  const std::string command =
      command_text(about, fmt::format("--modes fp32,{} --quality -r 20", mode));
  if (row == nullptr) return not_tested(about, row, command);
  Judgement judgement;
  judgement.margin = about.say(message::report_works_margin);
  judgement.sensitivity = about.say(message::report_works_sensitivity);
  switch (row->status()) {
    case Status::kOk: {
      const results::Metric* rate = row->decode_rate();
      if (rate == nullptr) return not_tested(about, row, command);
      judgement.verdict = Verdict::kSupported;
      judgement.evidence = about.say(message::report_works, {about.words.metric(*rate)});
      return judgement;
    }
    case Status::kCrashed:
    case Status::kError:
    case Status::kTimeout:
      judgement.verdict = Verdict::kRefuted;
      judgement.evidence = about.say(message::report_stable_failed,
                                     {std::string(results::name_of(row->status())), row->reason()});
      return judgement;
    default:
      return not_tested(about, row, command);
  }
}

}  // namespace nety::reports
