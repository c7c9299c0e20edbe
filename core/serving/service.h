// Requests from many threads, answered by one: the thread that runs the engine. What is made waits
// here, bounded, until whoever asked takes it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/serving/runner.h"
#include "core/serving/scheduler.h"
#include "core/serving/statistics.h"

namespace nety::serving {

/// How a request went. Times in seconds from its arrival; 0 for what did not come to pass.
struct Summary {
  End end = End::kFinished;
  engine::FinishReason finish = engine::FinishReason::kLength;  ///< Where end is kFinished.
  std::string error;                                            ///< Where it is kFailed.
  int64_t prompt_tokens = 0;
  int64_t reused_tokens = 0;  ///< Of the prompt, that had been read before.
  int64_t answer_tokens = 0;
  double queue_s = 0;   ///< Until its first step.
  double ttft_s = 0;    ///< Until its first token,
  double last_s = 0;    ///< and until its last.
  double finish_s = 0;  ///< Until its end.

  /// Reading the prompt.
  double prefill_s() const { return answer_tokens > 0 ? ttft_s - queue_s : 0; }
  /// From the first token to the last.
  double decode_s() const { return last_s - ttft_s; }
};

/// What has been made since the last look; with the last of it, how the request went.
struct Delivery {
  std::vector<engine::Token> tokens;
  std::optional<Summary> summary{};
};

/// Seconds of a steady clock.
using Clock = std::function<double()>;
double steady_seconds();

class Service;

/// A request that was taken. Leaving (the destructor) cancels what is not done.
class Ticket {
 public:
  Ticket(Ticket&& other) noexcept;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket();

  /// Waits up to `seconds` for something new; empty if there is nothing. After the summary there is
  /// nothing more.
  Delivery take(double seconds);
  RequestId id() const { return id_; }

 private:
  friend class Service;
  Ticket(Service& service, RequestId id) : service_(&service), id_(id) {}

  Service* service_;  // null: moved from
  RequestId id_;
};

/// Outlives its tickets.
class Service {
 public:
  Service(Runner& runner, const Limits& limits, Clock clock = steady_seconds);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // From any thread:

  /// Exactly one of the two is set.
  struct Submitted {
    std::optional<Ticket> ticket;
    Refusal refusal = Refusal::kQueueFull;
  };
  Submitted submit(Request request);
  Statistics statistics() const;
  Limits limits() const { return scheduler_.limits(); }
  /// Nothing more is taken, and what waits ends; what runs goes on.
  void stop_taking();
  /// Ends what runs, too.
  void stop_all();

  // From the engine's thread:

  /// Makes the next step, if there is one to make. False: there was nothing to do.
  bool step();
  /// Waits up to `seconds` until there may be something to do.
  void wait(double seconds);
  /// Whether no request waits or runs.
  bool idle() const;

 private:
  friend class Ticket;
  struct Record {
    Request request;
    double arrived = 0;
    std::vector<engine::Token> ready;  // not taken yet
    std::condition_variable news;
    Summary summary;
    bool ended = false;  // the scheduler knows it no longer
    bool told = false;   // the summary was taken
    bool left = false;   // nobody will take anything
  };
  using Lock = std::unique_lock<std::mutex>;

  Delivery take(RequestId id, double seconds);
  void leave(RequestId id);
  void finish(RequestId id, End end, double now);
  void begin(const Plan& plan, double now);
  void deliver(std::span<const Made> made, double now);
  void deliver_one(const Made& made, Record& record, double now);
  std::vector<Made> run(const Plan& plan);

  Runner& runner_;
  Clock clock_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  bool changed_ = false;  // since the last plan, in what the scheduler knows
  Scheduler scheduler_;
  std::map<RequestId, std::unique_ptr<Record>> records_;
  Statistics statistics_;
  RequestId last_id_ = 0;
};

}  // namespace nety::serving
