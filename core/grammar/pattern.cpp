#include "core/grammar/pattern.h"

#include <fmt/core.h>

#include <deque>

#include "core/grammar/limits.h"
#include "core/grammar/pattern_syntax.h"
#include "core/grammar/refuse.h"
#include "core/tokenizer/unicode.h"

namespace nety::grammar {
namespace {

class Emitter {
 public:
  explicit Emitter(std::string_view where) : where_(where) {}

  int32_t state() {
    if (std::ssize(nfa_.states) >= kMostPatternStates)
      refuse_large(
          fmt::format("{}: the pattern needs more than {} states", where_, kMostPatternStates));
    nfa_.states.emplace_back();
    return static_cast<int32_t>(nfa_.states.size()) - 1;
  }
  void edge(int32_t from, PatternNfa::Kind kind, int32_t to, int32_t set = -1) {
    nfa_.states[static_cast<size_t>(from)].push_back({kind, set, to});
  }
  int32_t set(const CharSet& characters) {
    nfa_.sets.push_back(characters);
    return static_cast<int32_t>(nfa_.sets.size()) - 1;
  }
  void any(int32_t from, int32_t to) {
    if (any_ < 0) any_ = set(CharSet::all());
    edge(from, PatternNfa::Kind::kSet, to, any_);
  }

  /// The states of `node` from `from` on; the one behind them.
  int32_t emit(const PatternNode& node, int32_t from) {
    using Kind = PatternNode::Kind;
    switch (node.kind) {
      case Kind::kEmpty:
        return from;
      case Kind::kSet:
        return step(from, PatternNfa::Kind::kSet, set(node.set));
      case Kind::kBegin:
        return step(from, PatternNfa::Kind::kBegin);
      case Kind::kEnd:
        return step(from, PatternNfa::Kind::kEnd);
      case Kind::kSequence:
        for (const PatternNode* part : node.parts) from = emit(*part, from);
        return from;
      case Kind::kChoice: {
        const int32_t end = state();
        for (const PatternNode* part : node.parts) {
          const int32_t begin = step(from, PatternNfa::Kind::kEmpty);
          edge(emit(*part, begin), PatternNfa::Kind::kEmpty, end);
        }
        return end;
      }
      case Kind::kRepeat:
        return repeat(node, from);
    }
    return from;
  }

  PatternNfa finish(int32_t start, int32_t final) {
    nfa_.start = start;
    nfa_.final = final;
    return std::move(nfa_);
  }

 private:
  int32_t step(int32_t from, PatternNfa::Kind kind, int32_t set = -1) {
    const int32_t to = state();
    edge(from, kind, to, set);
    return to;
  }

  int32_t repeat(const PatternNode& node, int32_t from) {
    const PatternNode& inner = *node.parts[0];
    for (int64_t i = 0; i < node.least; ++i) from = copy(inner, from);
    if (node.most < 0) {
      const int32_t loop = step(from, PatternNfa::Kind::kEmpty);
      edge(copy(inner, loop), PatternNfa::Kind::kEmpty, loop);
      return step(loop, PatternNfa::Kind::kEmpty);
    }
    const int32_t end = state();
    for (int64_t i = node.least; i < node.most; ++i) {
      edge(from, PatternNfa::Kind::kEmpty, end);
      from = copy(inner, from);
    }
    edge(from, PatternNfa::Kind::kEmpty, end);
    return end;
  }
  /// Even what is empty takes a state, so that counts are bounded.
  int32_t copy(const PatternNode& inner, int32_t from) {
    return emit(inner, step(from, PatternNfa::Kind::kEmpty));
  }

  PatternNfa nfa_;
  std::string_view where_;
  int32_t any_ = -1;
};

}  // namespace

PatternNfa read_pattern(std::string_view pattern, std::string_view where) {
  std::deque<PatternNode> nodes;
  const PatternNode& tree = parse_pattern(pattern, where, nodes);
  Emitter emitter(where);
  // Anything may stand before the part that matches, and after it.
  const int32_t start = emitter.state();
  emitter.any(start, start);
  const int32_t matched = emitter.emit(tree, start);
  const int32_t final = emitter.state();
  emitter.edge(matched, PatternNfa::Kind::kEmpty, final);
  emitter.any(final, final);
  return emitter.finish(start, final);
}

PatternNfa length_pattern(int64_t least, int64_t most, std::string_view where) {
  Emitter emitter(where);
  const int32_t start = emitter.state();
  int32_t at = start;
  const auto next = [&] {
    const int32_t to = emitter.state();
    emitter.any(at, to);
    return to;
  };
  for (int64_t i = 0; i < least; ++i) at = next();
  if (most >= kUnboundedLength) {
    emitter.any(at, at);
    return emitter.finish(start, at);
  }
  const int32_t final = emitter.state();
  for (int64_t i = least; i < most; ++i) {
    emitter.edge(at, PatternNfa::Kind::kEmpty, final);
    at = next();
  }
  emitter.edge(at, PatternNfa::Kind::kEmpty, final);
  return emitter.finish(start, final);
}

PatternNfa texts_pattern(const std::vector<std::string_view>& texts, std::string_view where) {
  Emitter emitter(where);
  const int32_t start = emitter.state(), final = emitter.state();
  for (const std::string_view text : texts) {
    int32_t at = start;
    for (size_t i = 0; i < text.size();) {
      const tokenizer::CodePoint point = tokenizer::code_point_at(text, i);
      i += point.bytes;
      const int32_t to = emitter.state();
      emitter.edge(at, PatternNfa::Kind::kSet, to,
                   emitter.set(CharSet::of({{point.value, point.value}})));
      at = to;
    }
    emitter.edge(at, PatternNfa::Kind::kEmpty, final);
  }
  return emitter.finish(start, final);
}

}  // namespace nety::grammar
