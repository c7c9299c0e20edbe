// What makes the answers that the scheduler orders: the engine (engine_runner.h), or a test's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/engine/constraint.h"
#include "core/engine/generation.h"
#include "core/serving/fair_queue.h"
#include "core/serving/prefixes.h"

namespace nety::serving {

/// Makes what follows one answer and says which tokens may come next.
using MakeConstraint = std::function<std::unique_ptr<engine::Constraint>()>;

/// A prompt, and how it is to be answered.
struct Request {
  std::vector<int32_t> prompt;
  engine::GenerateOptions options;
  std::string client;              ///< Those of one client wait for each other.
  MakeConstraint constraint = {};  ///< Called when the answer begins; nothing: any text.
};

/// An answer that begins: `request` lives until it ends.
struct Start {
  RequestId id = 0;
  const Request* request = nullptr;
  Place place;
};

/// What one answer reads in a step: tokens of its prompt, or the token that was made last and
/// guesses. At most this many.
struct Work {
  RequestId id = 0;
  size_t sequence = 0;
  int64_t tokens = 0;

  friend bool operator==(const Work&, const Work&) = default;
};

/// What a step gave one answer.
struct Made {
  RequestId id = 0;
  int64_t read = 0;                   ///< Tokens that its sequence has read in this step.
  std::vector<engine::Token> tokens;  ///< The last one says why the answer ends, if it does.
  std::string error;                  ///< Not empty: it ends with that.

  bool ends() const {
    return !error.empty() || (!tokens.empty() && tokens.back().finish.has_value());
  }
};

/// Sequences that answers are made on. Used by one thread.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual size_t sequences() const = 0;
  /// What a sequence has read.
  virtual std::span<const int32_t> tokens(size_t sequence) const = 0;
  /// Whether `copied_from` of a place can be.
  virtual bool can_copy() const = 0;
  /// Error: kUsage for a prompt that does not fit.
  virtual void start(const Start& start) = 0;
  /// One step for all of `work`, in whose order the results are.
  virtual std::vector<Made> step(std::span<const Work> work) = 0;
  /// Ends the answer on a sequence, which keeps what it has read.
  virtual void end(size_t sequence) = 0;
};

}  // namespace nety::serving
