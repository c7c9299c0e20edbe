// Another engine as a configuration: who drives it, and what was found out before its speed.
#include "bench/entry.h"

namespace nety::bench {

/// What was found out about it before speed; nothing is measured of one that was refused.
void Entry::take_answers() {
  const AnswerCheck& answers = contender()->answers;
  if (answers.status != results::Status::kOk) {
    for (Row* row : all_rows()) row->fail(answers.status, answers.reason);
    return give_up(answers.reason);
  }
  if (answers.same_top.empty()) return;
  same_top_ = answers.same_top;
  results::Metric agreement = clustered_mean("ratio", same_top_);
  agreement.inputs = {"of the tokens of its greedy answers, against our fp32 after the same text"};
  quality_.set("top1_agreement", std::move(agreement));
  quality_.set("greedy_divergence", greedy_divergence(same_top_));
}

Installed& Entry::installed() const {
  if (!is_python()) return *surroundings_.installed;
  std::unique_ptr<Installed>& one = surroundings_.pythons[configuration_.backend];
  if (one == nullptr)
    one = std::make_unique<Installed>(surroundings_.request,
                                      std::vector<std::string>{contender()->command});
  return *one;
}

measure::WorkerCommand Entry::command_of_worker() const {
  if (is_installed()) return installed().command();
  return is_driven() ? contender_command(*contender()) : worker_command(surroundings_.request);
}

}  // namespace nety::bench
