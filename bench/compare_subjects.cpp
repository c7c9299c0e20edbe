// Workers asked in the words of protocol.h; command lines run by the shell.
#include "bench/compare_subjects.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "bench/compared_worker.h"
#include "core/base/error.h"
#include "core/measure/worker.h"
#include "core/results/json.h"

namespace nety::bench {
namespace {

constexpr int kRuns = 2;  // of an observation; the better one counts

class WorkerSubject final : public Subject {
 public:
  WorkerSubject(std::vector<std::string> program, const CompareWorkload& workload)
      : worker_(std::move(program), with_context(workload)) {}

  void renew() override { worker_.quit(); }

  Observation observe() override {
    Observation out;
    if (!worker_.started()) {
      out = worker_.load_figures(worker_.start());
      worker_.ask(command_of(Action::kWarmUp, worker_.workload().n_prompt));
    }
    Observation runs = run();
    for (int i = 1; i < kRuns; ++i) runs = better_of(runs, run());
    out.insert(out.end(), runs.begin(), runs.end());
    const Observation memory = worker_.memory();
    out.insert(out.end(), memory.begin(), memory.end());
    return out;
  }

 private:
  static CompareWorkload with_context(CompareWorkload workload) {
    workload.engine.run.context = context_needed(workload);
    return workload;
  }

  Observation run() {
    const int64_t n_prompt = worker_.workload().n_prompt, n_gen = worker_.workload().n_gen;
    Observation out;
    const Reply prefill = worker_.ask(command_of(Action::kPrefill, n_prompt));
    worker_.add(out, "pp_tps", "prefill", n_prompt, 0, "tok/s",
                static_cast<double>(n_prompt) / prefill.number("seconds"));
    const Reply decode = worker_.ask(command_of(Action::kDecode, 0, n_gen));
    worker_.add(out, "tg_tps", "decode", 0, n_gen, "tok/s",
                static_cast<double>(n_gen) / decode.number("seconds"));
    worker_.add(out, "bytes_per_token", "decode", 0, n_gen, "bytes",
                decode.number("bytes_per_token"));
    const Observation first = worker_.first_token();
    out.insert(out.end(), first.begin(), first.end());
    return out;
  }

  ComparedWorker worker_;
};

class CommandSubject final : public Subject {
 public:
  CommandSubject(std::string command_line, double limit_s)
      : command_line_(std::move(command_line)), limit_s_(limit_s) {}

  Observation observe() override {
    Observation best = run();
    for (int i = 1; i < kRuns; ++i) best = better_of(best, run());
    return best;
  }

 private:
  Observation run() const {
    // The last line counts even if nothing ends it.
    const std::string script = command_line_ + "\nnety_status=$?; echo; exit $nety_status";
    measure::Worker shell({{"/bin/sh", "-c", script}, {}});
    std::string output;
    while (const std::optional<std::string> line = shell.receive(limit_s_)) output += *line + "\n";
    const measure::WorkerEnd& end = *shell.end();
    if (end.fate != measure::WorkerFate::kExited || end.exit_code != 0)
      refuse(fmt::format("{} {}", end.describe(), end.last_words));
    Observation figures;
    try {
      figures = figures_of(results::from_json(output, command_line_));
    } catch (const Error& error) {
      refuse(error.what());
    }
    if (figures.empty()) refuse("its result file has no figures that can be compared");
    return figures;
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorKind::kEnvironment, fmt::format("'{}': {}", command_line_, why),
                "The command must print a result file, as nety bench --json does, and succeed.");
  }

  std::string command_line_;
  double limit_s_;
};

}  // namespace

int64_t context_needed(const CompareWorkload& workload) {
  // Each command begins a sequence of its own. The text of a stream may come out some tokens longer
  // than asked for.
  constexpr int64_t kText = kStreamPrompt + kStreamPrompt / 8 + 8;
  return std::max({workload.n_prompt + kWarmUpSteps, workload.n_gen, kText + kFirstTokens});
}

std::unique_ptr<Subject> make_worker_subject(std::vector<std::string> worker,
                                             const CompareWorkload& workload) {
  return std::make_unique<WorkerSubject>(std::move(worker), workload);
}

std::unique_ptr<Subject> make_command_subject(std::string command_line, double limit_s) {
  return std::make_unique<CommandSubject>(std::move(command_line), limit_s);
}

}  // namespace nety::bench
