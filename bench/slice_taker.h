// The worker's side of slices: one sequence, in which every slice has its place.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bench/counted.h"
#include "bench/engine.h"
#include "bench/protocol.h"

namespace nety::bench {

class SliceTaker {
 public:
  /// The first tokens of the sequence, as many as asked for.
  using Tokens = std::function<std::vector<int32_t>(int64_t count)>;
  explicit SliceTaker(Tokens tokens) : tokens_of_(std::move(tokens)) {}

  /// Timed: the prompt, or each step of decode by itself. Not timed: filling the cache up to the
  /// slice, and one step before it, in which the threads wake up and the caches forget what another
  /// program left there.
  Reply take(Engine& engine, const Command& command, CountedWork& counted);
  /// Another command has used the engine, or loaded another: nothing of the sequence is there.
  void forget() {
    held_ = 0;
    tokens_.clear();
  }

 private:
  std::span<const int32_t> tokens(int64_t first, int64_t count);
  void place(Engine& engine, int64_t depth);

  Tokens tokens_of_;
  std::vector<int32_t> tokens_;
  int64_t held_ = 0;  // tokens of the sequence that the cache holds
};

}  // namespace nety::bench
