// From the draft to the automaton: what leads nowhere is dropped, edges are put beside their
// states, and each rule learns whether it can be empty and which rules it can begin with.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/grammar/builder.h"
#include "core/grammar/refuse.h"

namespace nety::grammar {
namespace {

/// Which states reach an end, where edges count that the caller adds. A call needs both: that its
/// rule reaches its end, and that its target does.
class Reaching {
 public:
  explicit Reaching(size_t states) : reached_(states), into_(states) {}

  void edge(int32_t from, int32_t to) { into_[index(to)].push_back({from, -1}); }
  void call(int32_t from, int32_t start, int32_t to) {
    into_[index(to)].push_back({from, start});
    into_[index(start)].push_back({from, to});
  }
  void reach(int32_t state) {
    if (reached_[index(state)]) return;
    reached_[index(state)] = true;
    work_.push_back(state);
  }
  std::vector<bool> run() {
    while (!work_.empty()) {
      const int32_t state = work_.back();
      work_.pop_back();
      for (const Way& way : into_[index(state)])
        if (way.also < 0 || reached_[index(way.also)]) reach(way.from);
    }
    return std::move(reached_);
  }

 private:
  struct Way {
    int32_t from;
    int32_t also;  // another state that must reach an end too, or -1
  };
  static size_t index(int32_t state) { return static_cast<size_t>(state); }

  std::vector<bool> reached_;
  std::vector<std::vector<Way>> into_;
  std::vector<int32_t> work_;
};

/// The rules that each rule can begin with, before it has read anything.
class Beginnings {
 public:
  explicit Beginnings(Automaton& made) : made_(made), seen_(made.states.size(), -1) {}

  std::vector<std::vector<int32_t>> find() {
    std::vector<std::vector<int32_t>> all(made_.rules.size());
    for (size_t rule = 0; rule < all.size(); ++rule) all[rule] = of(static_cast<int32_t>(rule));
    return all;
  }

 private:
  std::vector<int32_t> of(int32_t rule) {
    std::vector<int32_t> called;
    std::vector<int32_t> work;
    const auto visit = [&](int32_t state) {
      if (std::exchange(seen_[static_cast<size_t>(state)], rule) != rule) work.push_back(state);
    };
    visit(made_.rules[static_cast<size_t>(rule)].start);
    while (!work.empty()) {
      const int32_t state = work.back();
      work.pop_back();
      for (const int32_t target : made_.epsilons_of(state)) visit(target);
      for (const CallEdge& edge : made_.calls_of(state)) {
        called.push_back(edge.rule);
        if (made_.rules[static_cast<size_t>(edge.rule)].nullable) visit(edge.target);
      }
    }
    std::ranges::sort(called);
    called.erase(std::unique(called.begin(), called.end()), called.end());
    return called;
  }

  Automaton& made_;
  std::vector<int32_t> seen_;  // by state: the rule that saw it last
};

/// Ranks by depth-first search. Returns a rule that can begin with itself, or -1.
int32_t rank(Automaton& made) {
  const std::vector<std::vector<int32_t>> begins = Beginnings(made).find();
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(made.rules.size(), Mark::kNew);
  struct Visit {
    int32_t rule;
    size_t next;
  };
  std::vector<Visit> path;
  auto place = static_cast<int32_t>(made.rules.size());
  for (size_t first = 0; first < marks.size(); ++first) {
    if (marks[first] != Mark::kNew) continue;
    marks[first] = Mark::kOpen;
    path.push_back({static_cast<int32_t>(first), 0});
    while (!path.empty()) {
      Visit& top = path.back();
      const auto rule = static_cast<size_t>(top.rule);
      if (top.next == begins[rule].size()) {
        made.rules[rule].rank = --place;
        marks[rule] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const int32_t callee = begins[rule][top.next++];
      Mark& mark = marks[static_cast<size_t>(callee)];
      if (mark == Mark::kOpen) return callee;
      if (mark == Mark::kDone) continue;
      mark = Mark::kOpen;
      path.push_back({callee, 0});
    }
  }
  return -1;
}

/// Edges in the order of their states; `first` of each state is set.
template <class Draft, class Edge, class Take>
void place_edges(const std::vector<Draft>& drafts, std::vector<State>& states,
                 uint32_t State::*first, std::vector<Edge>& edges, const Take& take) {
  std::vector<uint32_t> next(states.size() + 1, 0);
  for (const Draft& draft : drafts) ++next[static_cast<size_t>(draft.from) + 1];
  for (size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  for (size_t i = 0; i < states.size(); ++i) states[i].*first = next[i];
  edges.resize(drafts.size());
  for (const Draft& draft : drafts) edges[next[static_cast<size_t>(draft.from)]++] = take(draft);
}

}  // namespace

std::vector<bool> Builder::productive() const {
  Reaching reaching(states_.size());
  for (const DraftByte& draft : bytes_) reaching.edge(draft.from, draft.edge.target);
  for (const DraftEpsilon& draft : epsilons_) reaching.edge(draft.from, draft.target);
  for (const DraftCall& draft : calls_)
    reaching.call(draft.from, start_of(draft.edge.rule), draft.edge.target);
  for (size_t i = 0; i < states_.size(); ++i)
    if (states_[i].accept != Accept::kNo) reaching.reach(static_cast<int32_t>(i));
  return reaching.run();
}

void Builder::drop_unproductive(const std::vector<bool>& alive) {
  const auto dead = [&](int32_t state) { return !alive[static_cast<size_t>(state)]; };
  std::erase_if(bytes_, [&](const DraftByte& draft) { return dead(draft.edge.target); });
  std::erase_if(epsilons_, [&](const DraftEpsilon& draft) { return dead(draft.target); });
  std::erase_if(calls_, [&](const DraftCall& draft) {
    return dead(draft.edge.target) || dead(start_of(draft.edge.rule));
  });
}

void Builder::add_edges(Automaton& made) const {
  for (const DraftState& draft : states_)
    made.states.push_back(
        {.rule = draft.rule, .accept = draft.accept, .text = draft.text, .like = draft.like});
  made.states.push_back({});  // the sentinel
  place_edges(bytes_, made.states, &State::bytes, made.byte_edges,
              [](const DraftByte& draft) { return draft.edge; });
  place_edges(calls_, made.states, &State::calls, made.call_edges,
              [](const DraftCall& draft) { return draft.edge; });
  place_edges(epsilons_, made.states, &State::epsilons, made.epsilon_edges,
              [](const DraftEpsilon& draft) { return draft.target; });
  for (CallEdge& edge : made.call_edges) {
    const int32_t to = edge.target;
    edge.tail = made.states[static_cast<size_t>(to)].accept == Accept::kAlways &&
                made.bytes_of(to).empty() && made.calls_of(to).empty() &&
                made.epsilons_of(to).empty();
  }
}

void Builder::add_classes(Automaton& made) {
  std::array<bool, 257> begins{};
  begins[0] = true;
  for (const ByteEdge& edge : made.byte_edges)
    begins[edge.low] = begins[static_cast<size_t>(edge.high) + 1] = true;
  for (size_t byte = 0; byte < 256; ++byte) {
    if (begins[byte]) made.class_bytes.push_back(static_cast<uint8_t>(byte));
    made.class_of[byte] = static_cast<uint8_t>(made.class_bytes.size() - 1);
  }
}

std::vector<bool> Builder::nullable() const {
  Reaching empty(states_.size());
  for (const DraftEpsilon& draft : epsilons_) empty.edge(draft.from, draft.target);
  for (const DraftCall& draft : calls_)
    empty.call(draft.from, start_of(draft.edge.rule), draft.edge.target);
  for (size_t i = 0; i < states_.size(); ++i)
    if (states_[i].accept == Accept::kAlways) empty.reach(static_cast<int32_t>(i));
  return empty.run();
}

/// What repeats something that may be empty may be empty too, however often it must be there.
void Builder::set_nullable() {
  for (bool changed = true; changed;) {
    changed = false;
    const std::vector<bool> empty = nullable();
    for (Rule& rule : rules_) rule.nullable = empty[static_cast<size_t>(rule.start)];
    for (const DraftCall& draft : calls_) {
      Rule& rule = rules_[static_cast<size_t>(rule_of(draft.from))];
      if (draft.edge.guard != Guard::kCount || rule.least == 0) continue;
      if (!rules_[static_cast<size_t>(draft.edge.rule)].nullable) continue;
      rule.least = 0;
      states_[static_cast<size_t>(rule.start)].accept = Accept::kAlways;
      changed = true;
    }
  }
}

Automaton Builder::finish(int32_t root, const std::string& nothing) {
  const int32_t outside = rule("the end");
  const std::vector<bool> alive = productive();
  if (!alive[static_cast<size_t>(start_of(root))])
    refuse(nothing, "Something in it contradicts something else.");
  drop_unproductive(alive);
  set_nullable();

  Automaton made;
  made.rules = rules_;
  made.root = root;
  made.end = start_of(outside);
  add_edges(made);

  if (const int32_t looping = rank(made); looping >= 0)
    refuse(fmt::format("{} begins with itself", names_[static_cast<size_t>(looping)]),
           "Let something stand before the part that repeats, or repeat it by * or +.");
  made.start_of_rank.resize(made.rules.size());
  for (const Rule& rule : made.rules)
    made.start_of_rank[static_cast<size_t>(rule.rank)] = rule.start;
  add_classes(made);
  return made;
}

}  // namespace nety::grammar
