// Where a text that a grammar has read so far can be: all places at the same time. A place is a
// frame; what its rule returns to is a node, which several callers may share (a graph-structured
// stack, as in GLL and Earley parsing). Configurations and nodes are kept once each, and a
// configuration remembers where each class of bytes leads: after some tokens a step is one look
// into a table, as in a lazy DFA.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/grammar/automaton.h"
#include "core/grammar/byte_groups.h"
#include "core/grammar/frame_pool.h"

namespace nety::grammar {

class Configurations {
 public:
  static constexpr int32_t kDead = -1;  ///< Nothing can follow, and it is no end.

  /// The automaton outlives this.
  explicit Configurations(const Automaton& automaton);

  int32_t start() const { return start_; }
  /// Where `byte` leads from `configuration`, or kDead.
  int32_t step(int32_t configuration, uint8_t byte) {
    const size_t at = static_cast<size_t>(configuration) * classes_ + automaton_->class_of[byte];
    const int32_t next = steps_[at];
    return next != kUnknown ? next : find_step(configuration, at, byte);
  }
  /// Whether the text may end here.
  bool can_end(int32_t configuration) const;
  /// The places, each with edges over bytes; and the end, where can_end().
  std::span<const Frame> places(int32_t configuration) const { return places_[configuration]; }
  /// What may follow for sure, by groups of bytes.
  ByteRun run_of(int32_t configuration) {
    const auto at = static_cast<size_t>(configuration);
    return at < runs_.size() && runs_[at].known ? runs_[at] : find_run(configuration);
  }
  /// The configuration of some places, in order.
  int32_t of(std::span<const Frame> places);

  size_t bytes() const;
  /// Whether compact() should be called.
  bool full() const { return bytes() > limit_; }
  /// Forgets all but `start()` and these configurations, whose numbers change.
  void compact(std::span<int32_t* const> kept);

 private:
  static constexpr int32_t kUnknown = -2;

  std::pair<int32_t, uint8_t> common_step(int32_t configuration);
  ByteRun find_run(int32_t configuration);
  int32_t find_step(int32_t configuration, size_t at, uint8_t byte);
  /// The configuration of the places in `reached_`, with all that they lead to without a byte.
  int32_t close();
  void spread(const Frame& frame, FrameSet& into, bool may_return);
  void call(const CallEdge& edge, const Frame& back);
  bool ends(const Frame& frame) const;
  /// Whether the guard lets through; counts if it is to.
  bool passes(Guard guard, const Frame& frame, int32_t& count) const;

  const Automaton* automaton_;
  size_t classes_;
  FramePool nodes_, places_;
  std::vector<int32_t> steps_;  // [configurations, classes]
  std::vector<ByteRun> runs_;   // [configurations], or fewer
  int32_t start_ = 0;
  size_t limit_;

  // For close(): the frames that the last byte reached, those that a rule begins with, the calls by
  // rank of the rule, and what the configuration will be.
  FrameSet reached_, begun_;
  std::vector<std::pair<int32_t, Frame>> calls_;  // a heap
  std::vector<Frame> edges_, found_;
};

}  // namespace nety::grammar
