#include "core/grammar/builder.h"

#include <fmt/core.h>

#include <utility>

#include "core/grammar/limits.h"
#include "core/grammar/refuse.h"

namespace nety::grammar {

int32_t Builder::rule(std::string name, int32_t least, int32_t most) {
  if (std::ssize(rules_) >= kMostRules)
    refuse_large(fmt::format("the grammar needs more than {} rules", kMostRules));
  const auto made = static_cast<int32_t>(rules_.size());
  rules_.push_back({.least = least, .most = most});
  names_.push_back(std::move(name));
  rules_.back().start = state(made);
  return made;
}

int32_t Builder::state(int32_t rule) {
  if (std::ssize(states_) >= kMostStates)
    refuse_large(fmt::format("the grammar needs more than {} states", kMostStates));
  states_.push_back({.rule = rule});
  return static_cast<int32_t>(states_.size()) - 1;
}

void Builder::count_edge() {
  if (bytes_.size() + calls_.size() + epsilons_.size() >= size_t{kMostEdges})
    refuse_large(fmt::format("the grammar needs more than {} edges", kMostEdges));
}

void Builder::byte(int32_t from, uint8_t low, uint8_t high, int32_t to, Guard guard) {
  count_edge();
  bytes_.push_back({from, {low, high, guard, to}});
}

void Builder::call(int32_t from, int32_t rule, int32_t to, Guard guard) {
  count_edge();
  calls_.push_back({from, {rule, to, guard, false}});
}

void Builder::epsilon(int32_t from, int32_t to) {
  count_edge();
  epsilons_.push_back({from, to});
}

void Builder::accept(int32_t state, Accept accept) {
  states_[static_cast<size_t>(state)].accept = accept;
}

void Builder::mark_text(int32_t state) { states_[static_cast<size_t>(state)].text = true; }

void Builder::mark_like(int32_t state, int32_t text) {
  states_[static_cast<size_t>(state)].like = text;
}

int32_t Builder::literal(int32_t from, std::string_view bytes) {
  for (const char value : bytes) {
    const int32_t next = state(rule_of(from));
    byte(from, value, next);
    from = next;
  }
  return from;
}

void Builder::literal(int32_t from, std::string_view bytes, int32_t to) {
  if (bytes.empty()) return epsilon(from, to);
  byte(literal(from, bytes.substr(0, bytes.size() - 1)), bytes.back(), to);
}

int32_t Builder::before(int32_t rule, uint8_t low, uint8_t high, int32_t to) {
  const auto [place, is_new] = before_.try_emplace({to, low, high}, 0);
  if (is_new) {
    const int32_t made = state(rule);
    place->second = made;
    byte(made, low, high, to);
  }
  return place->second;
}

void Builder::characters(int32_t from, const CharSet& set, int32_t to, Guard guard) {
  const int32_t rule = rule_of(from);
  for (const CharRange& range : set.ranges())
    for (const Utf8Range& sequence : utf8_ranges(range)) {
      int32_t target = to;
      for (auto i = static_cast<size_t>(sequence.length) - 1; i > 0; --i)
        target = before(rule, sequence.bytes[i].low, sequence.bytes[i].high, target);
      byte(from, sequence.bytes[0].low, sequence.bytes[0].high, target, guard);
    }
}

}  // namespace nety::grammar
