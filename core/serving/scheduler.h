// Continuous batching: which requests run, and what each of them reads in the next step. Pure
// bookkeeping, without a clock, a thread or an engine of its own.
//
//   submit -> queue --plan--> runs on a sequence: reads its prompt in chunks, then token by token
//                                     |--settle--> finished: the sequence keeps what it read
//                                     |--plan----> cancelled, too slow, too long
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/serving/fair_queue.h"
#include "core/serving/runner.h"

namespace nety::serving {

struct Limits {
  int64_t running = 4;          ///< Requests that run at the same time; at least 1.
  int64_t queue = 64;           ///< Requests that wait.
  int64_t prompt_tokens = 0;    ///< Of a request; 0: what the context holds.
  int64_t answer_tokens = 0;    ///< Of a request; 0: what the context holds.
  int64_t context = 4096;       ///< Tokens that a sequence holds.
  int64_t step_tokens = 512;    ///< Tokens of a step; more than `running`.
  int64_t chunk_tokens = 64;    ///< Tokens of prompts in a step in which answers go on too.
  int64_t guess_tokens = 1;     ///< What an answer that runs alone may read: one token and guesses.
  int64_t buffered = 256;       ///< Tokens that a reader may be behind; then its request pauses.
  double stall_seconds = 30;    ///< Longest that a reader may be behind.
  double queue_seconds = 60;    ///< Longest in the queue.
  double answer_seconds = 600;  ///< Longest from the beginning of reading the prompt.
};

/// Why a request was not taken.
enum class Refusal : uint8_t { kQueueFull, kPromptTooLong, kStopping };

/// How a request ended that was taken.
enum class End : uint8_t {
  kFinished,   ///< As its last token says.
  kCancelled,  ///< By whoever asked.
  kQueueTime,  ///< queue_seconds
  kTime,       ///< answer_seconds: the answer is cut.
  kStalled,    ///< stall_seconds
  kStopped,    ///< The server stops.
  kFailed,     ///< An error.
};
std::string_view name_of(End end);

struct Ended {
  RequestId id = 0;
  End end = End::kFinished;
  std::optional<size_t> sequence{};  ///< That it ran on, if it did.

  friend bool operator==(const Ended&, const Ended&) = default;
};

/// What is to be done next, in this order.
struct Plan {
  std::vector<Ended> ended;
  std::vector<Start> starts;
  std::vector<Work> work;  ///< Empty: there is nothing to do until something is asked.
};

/// Used by one thread at a time. Seconds are those of any steady clock.
class Scheduler {
 public:
  /// The runner's sequences are at least limits.running; what more there are keep prefixes.
  Scheduler(const Runner& runner, const Limits& limits);

  /// Nothing: it is taken, and waits. `request` lives until plan() or settle() ends it.
  std::optional<Refusal> submit(RequestId id, const Request& request, double now);
  /// Ends a request with the next plan, whatever it does; one that has ended is not known.
  void end(RequestId id, End how);
  /// A request that is paused keeps its place, and reads nothing.
  void pause(RequestId id, double now);
  void resume(RequestId id);
  /// Whatever waits ends; nothing more is taken.
  void stop();

  Plan plan(double now);
  /// Takes in what the step of the last plan gave. Requests that end with it are forgotten.
  void settle(std::span<const Made> made);

  size_t waiting() const { return queue_.size(); }
  size_t running() const { return running_.size(); }
  const Limits& limits() const { return limits_; }
  /// What a request has still to read of its prompt; nothing if it does not run.
  std::optional<int64_t> unread(RequestId id) const;

 private:
  struct Waiting {
    const Request* request = nullptr;
    double since = 0;
  };
  struct Running {
    const Request* request = nullptr;
    size_t sequence = 0;
    int64_t unread = 0;  // tokens of the prompt
    double since = 0;
    std::optional<double> paused_since{};
    std::optional<End> ends{};  // with the next plan
  };

  void end_late(Plan& plan, double now);
  void admit(Plan& plan, double now);
  void share_step(Plan& plan) const;
  void share_chunk(Plan& plan, std::vector<Work> readers, int64_t tokens) const;

  const Runner& runner_;
  Limits limits_;
  FairQueue queue_;
  std::map<RequestId, Waiting> waiting_;  // those in queue_
  std::map<RequestId, Running> running_;
  std::vector<Ended> ended_;  // while they waited; told by the next plan
  std::vector<bool> busy_;    // [sequences]
  std::vector<uint64_t> last_used_;
  uint64_t uses_ = 0;
  bool stopping_ = false;
};

}  // namespace nety::serving
