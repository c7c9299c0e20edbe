#include "bench/answers.h"

#include <fmt/core.h>

#include <numeric>

#include "bench/entry.h"
#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"

namespace nety::bench {
namespace {

using results::Status;

constexpr int64_t kReferenceContext = 512;  // a prompt, its answer, and room for other spellings

AnswerCheck refused(const Contender& contender, const Outcome& outcome) {
  AnswerCheck check;
  check.status = outcome.status;
  check.reason = outcome.reason;
  check.hint =
      outcome.reply.hint.empty() ? hint_for(contender, outcome.status) : outcome.reply.hint;
  return check;
}

Command command_of_answers() {
  Command command;
  command.action = Action::kAnswer;
  command.n_prompt = kAnswerPromptTokens;
  command.n_gen = kAnswerTokens;
  return command;
}

/// The share of tokens that are our choice too, of all prompts.
double agreement(const std::vector<std::vector<double>>& same_top) {
  double sum = 0, count = 0;
  for (const std::vector<double>& prompt : same_top) {
    sum = std::accumulate(prompt.begin(), prompt.end(), sum);
    count += static_cast<double>(prompt.size());
  }
  return count > 0 ? sum / count : 0;
}

/// Our engine, loaded as the reference of quality; as stored where that does not fit.
Outcome load_reference(EngineWorker& own, const EngineRequest& reference, double limit_s,
                       const std::function<bool()>& interrupted) {
  Command load;
  load.action = Action::kLoad;
  load.engine = reference;
  Outcome outcome = own.ask(load, limit_s, nullptr, interrupted);
  if (outcome.status != Status::kDoesNotFit) return outcome;
  load.engine.run.mode = "stored";
  return own.ask(load, limit_s, nullptr, interrupted);
}

/// Their answers, held against ours.
void judge(AnswerCheck& check, const Reply& answers, EngineWorker& own, double limit_s,
           const std::function<bool()>& interrupted) {
  for (int64_t i = 0; i < kAnswerPrompts; ++i) {
    Command command;
    command.action = Action::kJudge;
    command.text = answers.word(fmt::format("prompt_{}", i));
    command.answer = answers.word(fmt::format("answer_{}", i));
    const Outcome outcome = own.ask(command, limit_s, nullptr, interrupted);
    const auto same = outcome.reply.series.find("same_top");
    if (!outcome) check.unknown = outcome.reason;
    if (outcome && same != outcome.reply.series.end() && !same->second.empty())
      check.same_top.push_back(same->second);
  }
}

/// The mode that a contender's file is in: "stored" if it is our own file, or one we cannot read.
std::string mode_of_file(const std::string& file, const std::string& model) {
  std::error_code ignored;
  if (std::filesystem::equivalent(file, model, ignored)) return "stored";
  try {
    const auto checkpoint = checkpoint::Checkpoint::open(file);
    return std::string(precision::mode(checkpoint.stored_mode()).name);
  } catch (const Error&) {  // the engine may know better than we do
    return "stored";
  }
}

}  // namespace

AnswerCheck check_answers(const Contender& contender, const EngineRequest& reference,
                          const measure::WorkerCommand& own, double limit_s,
                          const std::function<bool()>& interrupted) {
  AnswerCheck check;
  Reply answers;
  {
    EngineWorker theirs(contender_command(contender));
    Command load;
    load.action = Action::kLoad;
    load.engine = reference;
    const Outcome loaded = theirs.ask(load, limit_s, nullptr, interrupted);
    if (!loaded) {
      theirs.quit();
      return refused(contender, loaded);
    }
    if (contender.kind == ContenderKind::kLlamaBench) {
      theirs.quit();
      check.unknown = "llama-bench gives speeds and no answers";
      return check;
    }
    const Outcome answered = theirs.ask(command_of_answers(), limit_s, nullptr, interrupted);
    theirs.quit();
    if (!answered) return refused(contender, answered);
    answers = answered.reply;
  }
  EngineWorker ours(own);
  const Outcome loaded = load_reference(ours, reference, limit_s, interrupted);
  if (!loaded) {
    check.unknown =
        fmt::format("nety itself could not load the model to compare: {}", loaded.reason);
    return check;
  }
  judge(check, answers, ours, limit_s, interrupted);
  ours.quit();
  if (check.unknown.empty() && agreement(check.same_top) < kSameModel) {
    check.status = Status::kError;
    check.reason = fmt::format(
        "it runs another model, or a broken one: {:.0f} % of its tokens are what {} says there",
        100 * agreement(check.same_top), reference.model);
    check.hint = fmt::format("Give both the same model: nety has {}.", reference.model);
  }
  return check;
}

void check_answers(BenchRequest& request, Observer& observer) {
  for (Contender& contender : request.contenders) {
    if (contender.kind == ContenderKind::kPython || observer.interrupted()) continue;
    if (contender.mode.empty())
      contender.mode = mode_of_file(model_file_in(contender.command), request.model);
    observer.step({fmt::format("{}: answers", contender.name), 0, 0, 0, {}});
    EngineRequest reference{request.model, request.run, kLogitRows, "", request.seed};
    reference.run.mode = kReferenceMode;
    reference.run.backend = "native";
    reference.run.device = "cpu";
    reference.run.context = kReferenceContext;
    contender.answers =
        check_answers(contender, reference, worker_command(request), request.contender_limit_s,
                      [&observer] { return observer.interrupted(); });
    if (contender.answers.status != Status::kOk) observer.refused(contender);
  }
}

}  // namespace nety::bench
