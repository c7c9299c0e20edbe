// Puts an automaton together, state by state. finish() then removes what leads nowhere, so that no
// text that the automaton has begun to accept can get stuck.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/grammar/automaton.h"
#include "core/grammar/char_set.h"

namespace nety::grammar {

class Builder {
 public:
  struct DraftByte {
    int32_t from;
    ByteEdge edge;
  };
  struct DraftCall {
    int32_t from;
    CallEdge edge;
  };
  struct DraftEpsilon {
    int32_t from, target;
  };

  /// A new rule with its start state. `name` stands in messages. Error of all that adds: kUsage
  /// beyond limits.h.
  int32_t rule(std::string name, int32_t least = 0, int32_t most = kUnbounded);
  int32_t start_of(int32_t rule) const { return rules_[static_cast<size_t>(rule)].start; }
  int32_t rule_of(int32_t state) const { return states_[static_cast<size_t>(state)].rule; }
  /// A new state of a rule.
  int32_t state(int32_t rule);

  void byte(int32_t from, uint8_t low, uint8_t high, int32_t to, Guard guard = Guard::kFree);
  void byte(int32_t from, char value, int32_t to, Guard guard = Guard::kFree) {
    byte(from, static_cast<uint8_t>(value), static_cast<uint8_t>(value), to, guard);
  }
  void call(int32_t from, int32_t rule, int32_t to, Guard guard = Guard::kFree);
  void epsilon(int32_t from, int32_t to);
  void accept(int32_t state, Accept accept = Accept::kAlways);
  void mark_text(int32_t state);
  void mark_like(int32_t state, int32_t text);

  /// `bytes` one after another; the state behind them.
  int32_t literal(int32_t from, std::string_view bytes);
  void literal(int32_t from, std::string_view bytes, int32_t to);
  /// Any character of `set`, in UTF-8. The guard is that of its first byte.
  void characters(int32_t from, const CharSet& set, int32_t to, Guard guard = Guard::kFree);

  /// The automaton of `root`. Errors: kUsage if `root` has no text at all (`nothing` is the
  /// message), or if a rule begins with itself.
  Automaton finish(int32_t root, const std::string& nothing);

 private:
  struct DraftState {
    int32_t rule;
    Accept accept = Accept::kNo;
    bool text = false;
    int32_t like = -1;
  };
  /// A state whose only edge is the bytes low..high to `to`; one for each such.
  int32_t before(int32_t rule, uint8_t low, uint8_t high, int32_t to);
  void count_edge();
  std::vector<bool> nullable() const;
  void set_nullable();
  std::vector<bool> productive() const;
  void drop_unproductive(const std::vector<bool>& alive);
  void add_edges(Automaton& made) const;
  static void add_classes(Automaton& made);

  std::vector<DraftState> states_;
  std::vector<Rule> rules_;
  std::vector<std::string> names_;
  std::vector<DraftByte> bytes_;
  std::vector<DraftCall> calls_;
  std::vector<DraftEpsilon> epsilons_;
  std::map<std::tuple<int32_t, uint8_t, uint8_t>, int32_t> before_;
};

}  // namespace nety::grammar
