#include "bench/compared_worker.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/measure/worker.h"

namespace nety::bench {

Command command_of(Action action, int64_t n_prompt, int64_t n_gen) {
  Command command;
  command.action = action;
  command.n_prompt = n_prompt;
  command.n_gen = n_gen;
  return command;
}

ComparedWorker::ComparedWorker(std::vector<std::string> program, CompareWorkload workload)
    : program_(std::move(program)), workload_(std::move(workload)) {
  workload_.engine.logit_rows = 1;
}

Outcome ComparedWorker::try_start() {
  measure::WorkerCommand program;
  program.argv = program_;
  program.environment = {{"OMP_WAIT_POLICY", "passive"}};
  worker_ = std::make_unique<EngineWorker>(program);
  Command load = command_of(Action::kLoad);
  load.engine = workload_.engine;
  load.seed = workload_.seed;
  Outcome outcome = try_to(load);
  protocol_ = protocol_of(outcome.reply);
  return outcome;
}

Reply ComparedWorker::start() {
  Outcome outcome = try_start();
  if (!outcome) refuse(outcome.reason);
  return std::move(outcome.reply);
}

void ComparedWorker::quit() {
  if (worker_) worker_->quit();
  worker_.reset();
}

Outcome ComparedWorker::try_to(const Command& command) {
  return worker_->ask(command, workload_.command_limit_s, nullptr, nullptr);
}

Reply ComparedWorker::ask(const Command& command) {
  Outcome outcome = try_to(command);
  if (!outcome) refuse(outcome.reason);
  return std::move(outcome.reply);
}

Slice ComparedWorker::take(const SliceRequest& request) {
  Slice slice;
  const Outcome outcome =
      take_slice(*worker_, protocol_, request, workload_.command_limit_s, slice);
  if (!outcome) refuse(outcome.reason);
  return slice;
}

void ComparedWorker::refuse(const std::string& reason) const {
  if (!workload_.contender.empty())
    throw Error(ErrorKind::kEnvironment,
                fmt::format("contender {}: {}", workload_.contender, reason),
                workload_.contender_hint);
  throw Error(
      ErrorKind::kEnvironment, fmt::format("{}: gave no measurement: {}", program_.front(), reason),
      fmt::format("If it is an older nety or another program, give a command line that prints a "
                  "result file: \"{} bench --json\".",
                  program_.front()));
}

void ComparedWorker::add(Observation& out, const char* metric, const char* phase, int64_t n_prompt,
                         int64_t n_gen, const char* unit, double value) const {
  const options::RunOptions& run = workload_.engine.run;
  if (std::isfinite(value))
    out.push_back({{metric, run.mode, run.backend, phase, n_prompt, n_gen, 0}, unit, value});
}

Observation ComparedWorker::load_figures(const Reply& loaded) const {
  Observation out;
  for (const auto& [metric, unit] :
       {std::pair{"load_s", "s"}, {"weights_bytes", "bytes"}, {"kv_bytes", "bytes"}})
    add(out, metric, "load", 0, 0, unit, loaded.number(metric));
  return out;
}

Observation ComparedWorker::first_token() {
  Observation out;
  const int64_t text = std::min(workload_.n_prompt, kStreamPrompt);
  if (const Outcome first = try_to(command_of(Action::kStream, text, kFirstTokens)))
    add(out, "ttft_s", "generate", text, kFirstTokens, "s", first.reply.number("ttft_s"));
  return out;
}

Observation ComparedWorker::memory() {
  Observation out;
  const Reply memory = ask(command_of(Action::kMemory));
  add(out, "peak_rss_bytes", "load", 0, 0, "bytes", memory.number("peak_rss_bytes"));
  add(out, "peak_anon_bytes", "load", 0, 0, "bytes", memory.number("peak_anon_bytes"));
  return out;
}

}  // namespace nety::bench
