// A compiled grammar: one automaton per rule, over bytes, whose edges may call other rules (a
// recursive transition network). Counted repetition is a counter of the rule, not copies of its
// states, so that a length limit of a million costs what one of ten does.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace nety::grammar {

/// What an edge asks of its rule's counter, and does to it. Each activation of a rule has a counter
/// of its own, which begins at 0 and stays within the rule's least and most.
enum class Guard : uint8_t {
  kFree,    ///< Nothing.
  kRoom,    ///< It must be below `most`.
  kCount,   ///< The same, and then one more.
  kEnough,  ///< It must have reached `least`.
};

inline constexpr int32_t kUnbounded = INT32_MAX;

struct ByteEdge {
  uint8_t low = 0, high = 0;
  Guard guard = Guard::kFree;
  int32_t target = 0;
};

struct CallEdge {
  int32_t rule = 0;
  int32_t target = 0;  ///< Where to go on after the rule.
  Guard guard = Guard::kFree;
  bool tail = false;  ///< After the rule nothing comes: its end is this rule's end.
};

/// Whether a rule may end in a state.
enum class Accept : uint8_t { kNo, kAlways, kEnough };

struct State {
  uint32_t bytes = 0, calls = 0, epsilons = 0;  ///< Its first edges; the next state's end them.
  int32_t rule = 0;
  Accept accept = Accept::kNo;
  /// Inside a JSON string between two characters, where any may follow (json_rules.h).
  bool text = false;
  /// A text state that this one differs from by a few texts only, or -1.
  int32_t like = -1;
};

struct Rule {
  int32_t start = 0;
  int32_t least = 0, most = kUnbounded;
  bool nullable = false;
  int32_t rank = 0;  ///< Rules that another begins with have larger ranks than it.
};

struct Automaton {
  std::vector<State> states;  ///< One more than there are, so that edges have an end.
  std::vector<ByteEdge> byte_edges;
  std::vector<CallEdge> call_edges;
  std::vector<int32_t> epsilon_edges;
  std::vector<Rule> rules;
  std::vector<int32_t> start_of_rank;  ///< The start state of the rule of each rank.
  int32_t root = 0;                    ///< A rule.
  int32_t end = 0;                     ///< A state without edges: the root rule has ended.
  /// Bytes that no edge tells apart are one class.
  std::array<uint8_t, 256> class_of{};
  std::vector<uint8_t> class_bytes;  ///< A byte of each class.

  std::span<const ByteEdge> bytes_of(int32_t state) const {
    return slice<ByteEdge>(byte_edges, &State::bytes, state);
  }
  std::span<const CallEdge> calls_of(int32_t state) const {
    return slice<CallEdge>(call_edges, &State::calls, state);
  }
  std::span<const int32_t> epsilons_of(int32_t state) const {
    return slice<int32_t>(epsilon_edges, &State::epsilons, state);
  }

 private:
  template <class Edge>
  std::span<const Edge> slice(const std::vector<Edge>& edges, uint32_t State::*first,
                              int32_t state) const {
    const auto at = static_cast<size_t>(state);
    const uint32_t begin = states[at].*first;
    return {edges.data() + begin, states[at + 1].*first - begin};
  }
};

}  // namespace nety::grammar
