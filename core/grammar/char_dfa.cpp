// The subset construction, with `^` and `$` as conditions on empty edges.
#include "core/grammar/char_dfa.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/grammar/limits.h"
#include "core/grammar/refuse.h"
#include "core/tokenizer/unicode.h"

namespace nety::grammar {
namespace {

using Kind = PatternNfa::Kind;
using Set = std::vector<int32_t>;  // states of all patterns, numbered through, in order

class Construction {
 public:
  Construction(std::span<const PatternNfa> patterns, std::string_view where)
      : patterns_(patterns), where_(where) {
    for (size_t i = 0; i < patterns.size(); ++i) {
      offsets_.push_back(static_cast<int32_t>(pattern_of_.size()));
      pattern_of_.insert(pattern_of_.end(), patterns[i].states.size(), i);
    }
    seen_.assign(pattern_of_.size(), false);
  }

  CharDfa run() {
    Set start;
    for (size_t i = 0; i < patterns_.size(); ++i) start.push_back(offsets_[i] + patterns_[i].start);
    find(closure(start, true, false), true);
    for (size_t i = 0; i < made_.states.size(); ++i) expand(static_cast<int32_t>(i));
    return std::move(made_);
  }

 private:
  void work(size_t steps) {
    steps_ += static_cast<int64_t>(steps);
    if (steps_ > kMostSteps) refuse_large(fmt::format("{}: the pattern is too involved", where_));
  }

  std::span<const PatternNfa::Edge> edges_of(int32_t state) const {
    const size_t pattern = pattern_of_[static_cast<size_t>(state)];
    return patterns_[pattern].states[static_cast<size_t>(state - offsets_[pattern])];
  }
  int32_t global(int32_t state, int32_t target) const {
    return offsets_[pattern_of_[static_cast<size_t>(state)]] + target;
  }

  Set closure(const Set& from, bool at_begin, bool at_end) {
    Set found;
    const auto visit = [&](int32_t state) {
      if (seen_[static_cast<size_t>(state)]) return;
      seen_[static_cast<size_t>(state)] = true;
      found.push_back(state);
    };
    for (const int32_t state : from) visit(state);
    for (size_t i = 0; i < found.size(); ++i) {
      const std::span<const PatternNfa::Edge> edges = edges_of(found[i]);
      work(edges.size() + 1);
      for (const PatternNfa::Edge& edge : edges)
        if (edge.kind == Kind::kEmpty || (edge.kind == Kind::kBegin && at_begin) ||
            (edge.kind == Kind::kEnd && at_end))
          visit(global(found[i], edge.target));
    }
    for (const int32_t state : found) seen_[static_cast<size_t>(state)] = false;
    std::ranges::sort(found);
    return found;
  }

  /// The state of a closed set. The set of the start may be reached again later, where `^` does not
  /// match any more: it is a state of its own.
  int32_t find(Set set, bool at_begin) {
    const auto [place, is_new] =
        known_.try_emplace({at_begin, set}, static_cast<int32_t>(made_.states.size()));
    if (!is_new) return place->second;
    if (std::ssize(made_.states) >= kMostPatternStates)
      refuse_large(
          fmt::format("{}: the pattern needs more than {} states", where_, kMostPatternStates));
    CharDfa::State state;
    for (const int32_t member : closure(set, at_begin, true)) {
      const size_t pattern = pattern_of_[static_cast<size_t>(member)];
      if (member == global(member, patterns_[pattern].final))
        state.labels |= CharDfa::Labels{1} << pattern;
    }
    made_.states.push_back(std::move(state));
    sets_.push_back(std::move(set));
    return place->second;
  }

  void expand(int32_t state) {
    struct Way {
      CharRange range;
      int32_t target;
    };
    std::vector<Way> ways;
    std::vector<char32_t> cuts;  // where a range begins, or one past where it ends
    for (const int32_t member : sets_[static_cast<size_t>(state)])
      for (const PatternNfa::Edge& edge : edges_of(member)) {
        if (edge.kind != Kind::kSet) continue;
        const PatternNfa& pattern = patterns_[pattern_of_[static_cast<size_t>(member)]];
        for (const CharRange& range : pattern.sets[static_cast<size_t>(edge.set)].ranges()) {
          ways.push_back({range, global(member, edge.target)});
          cuts.push_back(range.low);
          cuts.push_back(range.high + 1);
        }
      }
    std::ranges::sort(cuts);
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    std::vector<CharDfa::Edge> edges;
    std::map<Set, int32_t> targets;
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      work(ways.size());
      Set set;
      for (const Way& way : ways)
        if (way.range.low <= cuts[i] && cuts[i] <= way.range.high) set.push_back(way.target);
      if (set.empty()) continue;
      std::ranges::sort(set);
      set.erase(std::unique(set.begin(), set.end()), set.end());
      const auto [place, is_new] = targets.try_emplace(set, -1);
      if (is_new) place->second = find(closure(set, false, false), false);
      const CharRange range{cuts[i], cuts[i + 1] - 1};
      if (!edges.empty() && edges.back().target == place->second &&
          edges.back().range.high + 1 == range.low)
        edges.back().range.high = range.high;
      else
        edges.push_back({range, place->second});
    }
    made_.states[static_cast<size_t>(state)].edges = std::move(edges);
  }

  std::span<const PatternNfa> patterns_;
  std::string_view where_;
  std::vector<int32_t> offsets_;    // by pattern: its first state
  std::vector<size_t> pattern_of_;  // by state
  std::vector<bool> seen_;
  CharDfa made_;
  std::vector<Set> sets_;  // by state of the DFA
  std::map<std::pair<bool, Set>, int32_t> known_;
  int64_t steps_ = 0;
};

}  // namespace

CharDfa CharDfa::of(std::span<const PatternNfa> patterns, std::string_view where) {
  if (patterns.size() > kMostPatterns)
    refuse_large(fmt::format("{}: more than {} patterns apply to one text", where, kMostPatterns));
  return Construction(patterns, where).run();
}

CharDfa::Labels CharDfa::labels_of(std::string_view text) const {
  int32_t state = 0;
  for (size_t at = 0; at < text.size();) {
    const tokenizer::CodePoint point = tokenizer::code_point_at(text, at);
    at += point.bytes;
    const std::vector<Edge>& edges = states[static_cast<size_t>(state)].edges;
    const auto edge = std::ranges::find_if(edges, [&](const Edge& way) {
      return way.range.low <= point.value && point.value <= way.range.high;
    });
    if (edge == edges.end()) return 0;
    state = edge->target;
  }
  return states[static_cast<size_t>(state)].labels;
}

bool CharDfa::takes_all(int32_t state) const {
  CharSet all;
  for (const Edge& edge : states[static_cast<size_t>(state)].edges) {
    if (edge.target != state) return false;
    all.add(CharSet::of({edge.range}));
  }
  return all.complement().empty();
}

CharDfa CharDfa::of_length(int64_t least, int64_t most, std::string_view where) const {
  const bool bounded = most < kUnboundedLength;
  const int64_t cap = bounded ? most : least;  // longer texts are all alike
  CharDfa made;
  std::map<std::pair<int32_t, int64_t>, int32_t> known;
  std::vector<std::pair<int32_t, int64_t>> origins;
  const auto find = [&](int32_t state, int64_t length) {
    const auto [place, is_new] =
        known.try_emplace({state, length}, static_cast<int32_t>(origins.size()));
    if (is_new) {
      if (std::ssize(origins) >= kMostPatternStates)
        refuse_large(fmt::format("{}: pattern and length together need more than {} states", where,
                                 kMostPatternStates));
      origins.emplace_back(state, length);
      made.states.emplace_back();
    }
    return place->second;
  };
  find(0, 0);
  for (size_t i = 0; i < origins.size(); ++i) {
    const auto [state, length] = origins[i];
    if (length >= least) made.states[i].labels = states[static_cast<size_t>(state)].labels;
    if (bounded && length == cap) continue;
    for (const Edge& edge : states[static_cast<size_t>(state)].edges) {
      const int32_t target = find(edge.target, std::min(length + 1, cap));
      made.states[i].edges.push_back({edge.range, target});
    }
  }
  return made;
}

}  // namespace nety::grammar
