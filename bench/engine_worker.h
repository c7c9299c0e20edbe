// The parent's side of a worker that holds an engine: a command, and its answer or the reason why
// there is none.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bench/protocol.h"
#include "core/measure/worker.h"
#include "core/results/results.h"

namespace nety::bench {

/// What became of a command.
struct Outcome {
  results::Status status = results::Status::kOk;
  std::string reason;  ///< Set where status is not kOk.
  Reply reply;         ///< Of kind kDone where status is kOk; kFailed where the worker said why.
  explicit operator bool() const { return status == results::Status::kOk; }
};

using OnProgress = std::function<void(const Reply& progress)>;

class EngineWorker {
 public:
  /// Starts the worker. A worker that cannot be started answers every question with kError.
  explicit EngineWorker(const measure::WorkerCommand& command);

  /// Asks and waits: at most `limit_s` of silence, and as long as `give_up` says false.
  Outcome ask(const Command& command, double limit_s, const OnProgress& on_progress,
              const std::function<bool()>& give_up);

  /// False once the worker is gone: it crashed, was killed, or never started.
  bool alive() const { return worker_.has_value() && !worker_->end(); }
  /// Asks it to end, and sees that it does.
  void quit();

 private:
  Outcome why_it_ended() const;

  std::optional<measure::Worker> worker_;
  std::string start_failure_;
};

}  // namespace nety::bench
