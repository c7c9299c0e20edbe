// From a worker's fate to a row's status.
#include "bench/engine_worker.h"

#include <fmt/core.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/words.h"

namespace nety::bench {
namespace {

constexpr double kGrace = 5;       // seconds for a worker to end when asked to
constexpr size_t kMostSaid = 300;  // bytes of what it wrote to stderr

using results::Status;

Status status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kMemory:
      return Status::kDoesNotFit;
    case ErrorKind::kUsage:        // the backend has no such mode
    case ErrorKind::kEnvironment:  // a plugin or driver is missing or unfit
      return Status::kUnsupported;
    default:
      return Status::kError;
  }
}

Outcome failed(Status status, std::string reason) {
  Outcome outcome;
  outcome.status = status;
  outcome.reason = std::move(reason);
  return outcome;
}

}  // namespace

EngineWorker::EngineWorker(const measure::WorkerCommand& command) {
  try {
    worker_.emplace(command);
  } catch (const Error& error) {
    start_failure_ = error.what();
  }
}

Outcome EngineWorker::why_it_ended() const {
  if (!worker_) return failed(Status::kError, start_failure_);
  if (!worker_->end()) return failed(Status::kError, "the worker does not answer");
  const measure::WorkerEnd& end = *worker_->end();
  std::string reason = end.describe();
  if (const std::string said = last_line(end.last_words, kMostSaid); !said.empty())
    reason += fmt::format("; it said: {}", said);
  const bool timed_out = end.fate == measure::WorkerFate::kTimedOut;
  return failed(timed_out ? Status::kTimeout : Status::kCrashed, std::move(reason));
}

Outcome EngineWorker::ask(const Command& command, double limit_s, const OnProgress& on_progress,
                          const std::function<bool()>& give_up) {
  if (!worker_) return why_it_ended();
  worker_->send(to_line(command));  // to a dead worker too: then receive() finds out how it died
  for (;;) {
    const std::optional<std::string> line = worker_->receive(limit_s, give_up);
    if (!line && alive()) return failed(Status::kSkipped, "interrupted");
    if (!line) return why_it_ended();
    Outcome outcome;
    try {
      outcome.reply = parse_reply(*line);
    } catch (const Error& error) {
      worker_->stop(0);
      return failed(Status::kError, fmt::format("the worker wrote nonsense: {}", error.what()));
    }
    if (outcome.reply.kind == Reply::Kind::kDone) return outcome;
    if (outcome.reply.kind == Reply::Kind::kFailed) {
      outcome.status = status_of(outcome.reply.error);
      outcome.reason = outcome.reply.what;
      return outcome;
    }
    if (on_progress) on_progress(outcome.reply);
  }
}

void EngineWorker::quit() {
  if (!alive()) return;
  worker_->send(to_line(Command{}));
  worker_->stop(kGrace);
}

}  // namespace nety::bench
