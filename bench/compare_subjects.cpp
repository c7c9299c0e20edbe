// Workers asked in the words of protocol.h; command lines run by the shell.
#include "bench/compare_subjects.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bench/engine_worker.h"
#include "core/base/error.h"
#include "core/measure/worker.h"
#include "core/results/json.h"

namespace nety::bench {
namespace {

constexpr int kRuns = 2;  // of an observation; the better one counts

class WorkerSubject final : public Subject {
 public:
  WorkerSubject(std::vector<std::string> program, const CompareWorkload& workload)
      : program_(std::move(program)), workload_(workload) {
    workload_.engine.run.context = context_needed(workload_);
    workload_.engine.logit_rows = 1;
  }

  void renew() override {
    if (worker_) worker_->quit();
    worker_.reset();
  }

  Observation observe() override {
    Observation out;
    if (!worker_) out = start();
    Observation runs = run();
    for (int i = 1; i < kRuns; ++i) runs = better_of(runs, run());
    out.insert(out.end(), runs.begin(), runs.end());
    const Reply memory = ask(command(Action::kMemory));
    add(out, "peak_rss_bytes", "load", 0, 0, "bytes", memory.number("peak_rss_bytes"));
    add(out, "peak_anon_bytes", "load", 0, 0, "bytes", memory.number("peak_anon_bytes"));
    return out;
  }

 private:
  static Command command(Action action, int64_t n_prompt = 0, int64_t n_gen = 0) {
    Command command;
    command.action = action;
    command.n_prompt = n_prompt;
    command.n_gen = n_gen;
    return command;
  }

  Observation start() {
    measure::WorkerCommand program;
    program.argv = program_;
    program.environment = {{"OMP_WAIT_POLICY", "passive"}};
    worker_.emplace(program);
    Command load = command(Action::kLoad);
    load.engine = workload_.engine;
    load.seed = workload_.seed;
    const Reply reply = ask(load);
    ask(command(Action::kWarmUp, workload_.n_prompt));
    Observation out;
    for (const auto& [metric, unit] :
         {std::pair{"load_s", "s"}, {"weights_bytes", "bytes"}, {"kv_bytes", "bytes"}})
      add(out, metric, "load", 0, 0, unit, reply.number(metric));
    return out;
  }

  Observation run() {
    const int64_t n_prompt = workload_.n_prompt, n_gen = workload_.n_gen;
    Observation out;
    const Reply prefill = ask(command(Action::kPrefill, n_prompt));
    add(out, "pp_tps", "prefill", n_prompt, 0, "tok/s",
        static_cast<double>(n_prompt) / prefill.number("seconds"));
    const Reply decode = ask(command(Action::kDecode, 0, n_gen));
    add(out, "tg_tps", "decode", 0, n_gen, "tok/s",
        static_cast<double>(n_gen) / decode.number("seconds"));
    add(out, "bytes_per_token", "decode", 0, n_gen, "bytes", decode.number("bytes_per_token"));
    const int64_t text = std::min(n_prompt, kStreamPrompt);
    // A model without a tokenizer has no text to wait for.
    if (const Outcome first = try_to(command(Action::kStream, text, kFirstTokens)))
      add(out, "ttft_s", "generate", text, kFirstTokens, "s", first.reply.number("ttft_s"));
    return out;
  }

  void add(Observation& out, const char* metric, const char* phase, int64_t n_prompt, int64_t n_gen,
           const char* unit, double value) const {
    const options::RunOptions& run = workload_.engine.run;
    if (std::isfinite(value))
      out.push_back({{metric, run.mode, run.backend, phase, n_prompt, n_gen, 0}, unit, value});
  }

  Outcome try_to(const Command& command) {
    return worker_->ask(command, workload_.command_limit_s, nullptr, nullptr);
  }

  Reply ask(const Command& command) {
    Outcome outcome = try_to(command);
    if (outcome) return std::move(outcome.reply);
    throw Error(
        ErrorKind::kEnvironment,
        fmt::format("{}: gave no measurement: {}", program_.front(), outcome.reason),
        fmt::format("If it is an older nety or another program, give a command line that prints a "
                    "result file: \"{} bench --json\".",
                    program_.front()));
  }

  std::vector<std::string> program_;
  CompareWorkload workload_;
  std::optional<EngineWorker> worker_;
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
