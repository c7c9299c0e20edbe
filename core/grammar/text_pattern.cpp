#include "core/grammar/text_pattern.h"

#include <string>

namespace nety::grammar {
namespace {

constexpr std::string_view kShort = "\b\t\n\f\r\"\\", kLetters = "btnfr\"\\";

class PatternText {
 public:
  PatternText(JsonRules& rules, const CharDfa& dfa,
              const std::function<int32_t(CharDfa::Labels)>& closed)
      : rules_(rules),
        builder_(rules.builder()),
        dfa_(dfa),
        closed_(closed),
        plain_(CharSet::of({{0x20, kLastCharacter}})
                   .without(CharSet::of({{'"', '"'}, {'\\', '\\'}}))) {}

  void add(int32_t from) {
    rule_ = builder_.rule_of(from);
    states_.assign(dfa_.states.size(), -1);
    states_[0] = from;
    // The start too may take all; what is before it then only leads there.
    if (dfa_.takes_all(0)) {
      states_[0] = -1;
      return builder_.epsilon(from, state_of(0));
    }
    for (size_t i = 0; i < dfa_.states.size(); ++i)
      if (!dfa_.takes_all(static_cast<int32_t>(i))) expand(static_cast<int32_t>(i));
  }

 private:
  int32_t closed(CharDfa::Labels labels) {
    const auto [place, is_new] = closed_for_.try_emplace(labels, -1);
    if (is_new) place->second = closed_(labels);
    return place->second;
  }

  int32_t state_of(int32_t state) {
    int32_t& made = states_[static_cast<size_t>(state)];
    if (made >= 0) return made;
    const int32_t end = closed(dfa_.states[static_cast<size_t>(state)].labels);
    if (dfa_.takes_all(state) && end >= 0)
      made = rules_.text_states(rule_, end).text;
    else
      made = builder_.state(rule_);
    return made;
  }

  void expand(int32_t state) {
    const int32_t from = state_of(state);
    const CharDfa::State& way = dfa_.states[static_cast<size_t>(state)];
    const int32_t end = closed(way.labels);
    if (end >= 0) builder_.byte(from, '"', end);
    std::map<int32_t, CharSet> by_target;
    for (const CharDfa::Edge& edge : way.edges)
      by_target[edge.target].add(CharSet::of({edge.range}));
    for (const auto& [target, set] : by_target) {
      const int32_t to = state_of(target);
      builder_.characters(from, set.without(plain_.complement()), to);
      std::string letters;
      for (size_t i = 0; i < kShort.size(); ++i)
        if (set.contains(static_cast<unsigned char>(kShort[i]))) letters += kLetters[i];
      if (!letters.empty()) builder_.byte(from, '\\', escape(letters, to));
    }
  }

  int32_t escape(const std::string& letters, int32_t to) {
    const auto [place, is_new] = escapes_.try_emplace({letters, to}, -1);
    if (is_new) {
      place->second = builder_.state(rule_);
      for (const char letter : letters) builder_.byte(place->second, letter, to);
    }
    return place->second;
  }

  JsonRules& rules_;
  Builder& builder_;
  const CharDfa& dfa_;
  const std::function<int32_t(CharDfa::Labels)>& closed_;
  CharSet plain_;
  int32_t rule_ = 0;
  std::vector<int32_t> states_;  // by state of the DFA
  std::map<CharDfa::Labels, int32_t> closed_for_;
  std::map<std::pair<std::string, int32_t>, int32_t> escapes_;
};

/// A trie of names as they are written, beside the states of any text.
class OtherNames {
 public:
  OtherNames(JsonRules& rules, int32_t from, int32_t closed)
      : builder_(rules.builder()),
        rule_(builder_.rule_of(from)),
        closed_(closed),
        text_(rules.text_states(rule_, closed)) {
    nodes_.push_back({.state = from, .text = text_.text});
    builder_.mark_like(from, text_.text);
    escape_ = builder_.state(rule_);
    for (const char letter : kLetters) builder_.byte(escape_, letter, text_.text);
  }

  void exclude(std::string_view name) {
    const std::string written = json_string(name);
    size_t at = 0;
    for (const char value : std::string_view(written).substr(1, written.size() - 2)) {
      const auto byte = static_cast<uint8_t>(value);
      const auto place = nodes_[at].children.find(byte);
      if (place != nodes_[at].children.end()) {
        at = place->second;
        continue;
      }
      const size_t made = nodes_.size();
      nodes_[at].children.emplace(byte, made);
      nodes_.push_back({.state = builder_.state(rule_), .text = after(nodes_[at].text, byte)});
      if (nodes_[made].text == text_.text) builder_.mark_like(nodes_[made].state, text_.text);
      at = made;
    }
    nodes_[at].excluded = true;
  }

  void finish() {
    for (const Node& node : nodes_) {
      const auto child = [&](uint8_t byte) { return node.children.find(byte); };
      // Runs of bytes with the same target are one edge.
      int32_t run_target = -1;
      uint32_t run_begin = 0;
      for (uint32_t byte = 0; byte <= 256; ++byte) {
        int32_t target = -1;
        if (byte < 256) {
          const auto place = child(static_cast<uint8_t>(byte));
          target = place != node.children.end() ? nodes_[place->second].state
                                                : aside(node, static_cast<uint8_t>(byte));
        }
        if (target == run_target) continue;
        if (run_target >= 0)
          builder_.byte(node.state, static_cast<uint8_t>(run_begin), static_cast<uint8_t>(byte - 1),
                        run_target);
        run_target = target;
        run_begin = byte;
      }
    }
  }

 private:
  struct Node {
    int32_t state;
    int32_t text;  // the state of any text that it stands beside; -1: inside of \u00XX
    bool excluded = false;
    std::map<uint8_t, size_t> children{};
  };

  /// Where a byte that belongs to no name leads: to any text. Before a text differs from the names
  /// its characters are written in one way only, so that none of them can be spelt differently.
  int32_t aside(const Node& node, uint8_t byte) const {
    if (node.text < 0) return -1;
    if (node.text == text_.escape && (byte == 'u' || byte == '/')) return -1;
    if (node.text == text_.text && byte == '"') return node.excluded ? -1 : closed_;
    if (node.text == text_.text && byte == '\\') return escape_;
    return after(node.text, byte);
  }

  int32_t after(int32_t text, uint8_t byte) const {
    const auto in = [&](uint8_t low, uint8_t high) { return low <= byte && byte <= high; };
    const bool continues = in(0x80, 0xBF);
    if (text == text_.text) {
      if (byte == '\\') return text_.escape;
      if (byte == 0xE0) return text_.after_e0;
      if (byte == 0xED) return text_.after_ed;
      if (byte == 0xF0) return text_.after_f0;
      if (byte == 0xF4) return text_.after_f4;
      if (in(0xC2, 0xDF)) return text_.one;
      if (in(0xE1, 0xEF)) return text_.two;
      if (in(0xF1, 0xF3)) return text_.three;
      return in(0x20, 0x7F) && byte != '"' ? text_.text : -1;
    }
    if (text == text_.escape)
      return std::string_view("\"\\/bfnrt").find(static_cast<char>(byte)) != std::string_view::npos
                 ? text_.text
                 : -1;
    if (text == text_.one) return continues ? text_.text : -1;
    if (text == text_.two) return continues ? text_.one : -1;
    if (text == text_.three) return continues ? text_.two : -1;
    if (text == text_.after_e0) return in(0xA0, 0xBF) ? text_.one : -1;
    if (text == text_.after_ed) return in(0x80, 0x9F) ? text_.one : -1;
    if (text == text_.after_f0) return in(0x90, 0xBF) ? text_.two : -1;
    if (text == text_.after_f4) return in(0x80, 0x8F) ? text_.two : -1;
    return -1;
  }

  Builder& builder_;
  int32_t rule_, closed_;
  TextStates text_;
  int32_t escape_ = 0;  // behind a backslash, where no name has one
  std::vector<Node> nodes_;
};

}  // namespace

void add_text_pattern(JsonRules& rules, int32_t from, const CharDfa& dfa,
                      const std::function<int32_t(CharDfa::Labels)>& closed) {
  PatternText(rules, dfa, closed).add(from);
}

void add_other_names(JsonRules& rules, int32_t from, std::span<const std::string_view> names,
                     int32_t closed) {
  OtherNames others(rules, from, closed);
  for (const std::string_view name : names) others.exclude(name);
  others.finish();
}

}  // namespace nety::grammar
