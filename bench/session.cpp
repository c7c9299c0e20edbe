// From a worker's fate to a row's status.
#include "bench/session.h"

#include <fmt/core.h>

#include <utility>

namespace nety::bench {
namespace {

constexpr double kGrace = 5;  // seconds for a worker to end when asked to

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

/// The last line of what a worker wrote to stderr, if it says anything.
std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (const size_t newline = text.rfind('\n'); newline != std::string::npos)
    text.erase(0, newline + 1);
  return text.size() > 300 ? text.substr(0, 300) + "..." : text;
}

Outcome failed(Status status, std::string reason) {
  Outcome outcome;
  outcome.status = status;
  outcome.reason = std::move(reason);
  return outcome;
}

}  // namespace

Session::Session(const measure::WorkerCommand& command) {
  try {
    worker_.emplace(command);
  } catch (const Error& error) {
    start_failure_ = error.what();
  }
}

Outcome Session::why_it_ended() const {
  if (!worker_) return failed(Status::kError, start_failure_);
  if (!worker_->end()) return failed(Status::kError, "the worker does not answer");
  const measure::WorkerEnd& end = *worker_->end();
  std::string reason = end.describe();
  if (const std::string said = last_line(end.last_words); !said.empty())
    reason += fmt::format("; it said: {}", said);
  const bool timed_out = end.fate == measure::WorkerFate::kTimedOut;
  return failed(timed_out ? Status::kTimeout : Status::kCrashed, std::move(reason));
}

Outcome Session::ask(const Command& command, double limit_s, const OnProgress& on_progress,
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

void Session::quit() {
  if (!alive()) return;
  worker_->send(to_line(Command{}));
  worker_->stop(kGrace);
}

}  // namespace nety::bench
