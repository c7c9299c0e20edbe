#include "core/grammar/text_tokens.h"

#include <algorithm>

#include "core/grammar/json_rules.h"

namespace nety::grammar {
namespace {

/// The inside of a JSON string as a table, from the rule itself, so that both are the same.
class TextTable {
 public:
  static constexpr int32_t kDead = -1;

  TextTable() {
    Builder builder;
    JsonRules rules(builder);
    const int32_t rule = builder.rule("text");
    closed_ = builder.state(rule);
    builder.accept(closed_);
    text_ = rules.text_states(rule, closed_).text;
    builder.epsilon(builder.start_of(rule), text_);
    const Automaton made = builder.finish(rule, "");
    next_.assign(made.states.size() * 256, kDead);
    for (size_t state = 0; state + 1 < made.states.size(); ++state)
      for (const ByteEdge& edge : made.bytes_of(static_cast<int32_t>(state)))
        for (uint32_t byte = edge.low; byte <= edge.high; ++byte)
          next_[state * 256 + byte] = edge.target;
  }

  int32_t text() const { return text_; }
  int32_t closed() const { return closed_; }
  int32_t step(int32_t state, uint8_t byte) const {
    return next_[static_cast<size_t>(state) * 256 + byte];
  }

 private:
  int32_t text_ = 0, closed_ = 0;
  std::vector<int32_t> next_;
};

}  // namespace

TextTokens TextTokens::of(const Vocabulary& vocabulary) {
  struct Place {
    int32_t state, characters;
  };
  const TextTable table;
  std::vector<Place> places(vocabulary.deepest() + 1);
  places[0] = {table.text(), 0};
  TextTokens made;
  const Mask none(mask_words(static_cast<size_t>(vocabulary.size())), 0);
  made.inside = none;
  made.up_to.assign(kCounted + 1, none);
  const auto set = [](Mask& mask, int32_t token) {
    mask[static_cast<size_t>(token) / 64] |= uint64_t{1} << (token % 64);
  };
  const std::span<const Vocabulary::Node> nodes = vocabulary.nodes();
  for (size_t i = 0; i < nodes.size();) {
    const Vocabulary::Node& node = nodes[i];
    const Place before = places[node.depth - 1];
    const int32_t state = table.step(before.state, node.byte);
    if (state == table.closed())
      made.closes.push_back({static_cast<uint32_t>(i), before.characters});
    if (state == TextTable::kDead || state == table.closed()) {
      i = node.end;
      continue;
    }
    const Place place{state, before.characters + (before.state == table.text() ? 1 : 0)};
    places[node.depth] = place;
    for (const int32_t token : vocabulary.tokens_of(i)) {
      set(made.inside, token);
      if (place.characters <= kCounted)
        set(made.up_to[static_cast<size_t>(place.characters)], token);
      else
        made.longer.push_back({place.characters, token});
    }
    ++i;
  }
  for (size_t count = 1; count <= kCounted; ++count)
    for (size_t word = 0; word < none.size(); ++word)
      made.up_to[count][word] |= made.up_to[count - 1][word];
  std::ranges::sort(made.longer, {}, &Inside::characters);
  return made;
}

}  // namespace nety::grammar
