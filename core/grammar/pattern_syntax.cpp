#include "core/grammar/pattern_syntax.h"

#include <fmt/core.h>

#include <optional>

#include "core/grammar/limits.h"
#include "core/grammar/pattern.h"
#include "core/grammar/refuse.h"
#include "core/tokenizer/unicode.h"

namespace nety::grammar {
namespace {

using Kind = PatternNode::Kind;

constexpr int64_t kMostRepeats = 1'000'000'000;

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view where, std::deque<PatternNode>& nodes)
      : text_(text), where_(where), nodes_(nodes) {
    if (!tokenizer::is_valid_utf8(text)) fail("is not UTF-8");
  }

  const PatternNode& parse() {
    const PatternNode& made = choice(0);
    if (at_ < text_.size()) fail("has a ) too many");
    return made;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    refuse(fmt::format("{}: the pattern {} {} (at its byte {})", where_, shown(text_), what, at_),
           "See core/grammar/README.md for what patterns may have.");
  }
  [[noreturn]] void unsupported(std::string_view what) const {
    fail(fmt::format("has {}, which is not supported", what));
  }

  bool more() const { return at_ < text_.size(); }
  bool is(char c) const { return more() && text_[at_] == c; }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  char32_t next() {
    const tokenizer::CodePoint point = tokenizer::code_point_at(text_, at_);
    at_ += point.bytes;
    return point.value;
  }
  PatternNode& make(Kind kind) { return nodes_.emplace_back(PatternNode{.kind = kind}); }
  const PatternNode& make_set(CharSet set) {
    PatternNode& made = make(Kind::kSet);
    made.set = std::move(set);
    return made;
  }

  const PatternNode& choice(int32_t depth) {
    if (depth > kDeepestSource) fail("nests too deep");
    std::vector<const PatternNode*> ways{&sequence(depth)};
    while (take("|")) ways.push_back(&sequence(depth));
    if (ways.size() == 1) return *ways[0];
    PatternNode& made = make(Kind::kChoice);
    made.parts = std::move(ways);
    return made;
  }

  const PatternNode& sequence(int32_t depth) {
    std::vector<const PatternNode*> parts;
    while (more() && !is('|') && !is(')')) parts.push_back(&repeated(term(depth)));
    PatternNode& made = make(Kind::kSequence);
    made.parts = std::move(parts);
    return made;
  }

  const PatternNode& repeated(const PatternNode& inner) {
    int64_t least = 0, most = -1;
    if (take("*")) {
    } else if (take("+")) {
      least = 1;
    } else if (take("?")) {
      most = 1;
    } else if (!take_counts(least, most)) {
      return inner;
    }
    if (inner.kind == Kind::kBegin || inner.kind == Kind::kEnd) fail("repeats an anchor");
    take("?");  // lazy: which match is found does not matter here
    if (is('*') || is('+') || is('?')) fail("repeats a repetition");
    PatternNode& made = make(Kind::kRepeat);
    made.parts = {&inner};
    made.least = least;
    made.most = most;
    return made;
  }

  /// "{2}", "{2,}" or "{2,5}". A brace that is none of them stands for itself.
  bool take_counts(int64_t& least, int64_t& most) {
    const size_t begin = at_;
    if (!take("{")) return false;
    const std::optional<int64_t> low = number();
    if (low) {
      least = most = *low;
      if (take(",")) {
        most = -1;
        if (const std::optional<int64_t> high = number()) {
          most = *high;
          if (most < least) fail("repeats at least more than at most");
        }
      }
      if (take("}")) return true;
    }
    at_ = begin;
    return false;
  }

  std::optional<int64_t> number() {
    if (!more() || text_[at_] < '0' || text_[at_] > '9') return std::nullopt;
    int64_t value = 0;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9') {
      value = value * 10 + (text_[at_++] - '0');
      if (value > kMostRepeats) fail("repeats too often");
    }
    return value;
  }

  const PatternNode& term(int32_t depth) {
    if (take("^")) return make(Kind::kBegin);
    if (take("$")) return make(Kind::kEnd);
    if (take(".")) {
      return make_set(CharSet::of({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}).complement());
    }
    if (take("(")) return group(depth);
    if (take("[")) return make_set(char_class());
    if (is('*') || is('+') || is('?')) fail("repeats nothing");
    if (take("\\")) return make_set(escape(false));
    const char32_t value = next();
    return make_set(CharSet::of({{value, value}}));
  }

  const PatternNode& group(int32_t depth) {
    if (take("?:")) {
    } else if (take("?=") || take("?!") || take("?<=") || take("?<!")) {
      unsupported("a look-around");
    } else if (take("?<")) {
      while (more() && !is('>')) next();
      if (!take(">")) fail("has a group without a name");
    } else if (is('?')) {
      unsupported("a group with flags");
    }
    const PatternNode& inner = choice(depth + 1);
    if (!take(")")) fail("lacks a )");
    return inner;
  }

  CharSet char_class() {
    const bool negated = take("^");
    CharSet all;
    for (;;) {
      if (!more()) fail("lacks a ]");
      if (take("]")) break;
      const CharSet low = class_part();
      const bool one = low.ranges().size() == 1 && low.ranges()[0].low == low.ranges()[0].high;
      if (one && is('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        const CharSet high = class_part();
        if (high.ranges().size() != 1 || high.ranges()[0].low != high.ranges()[0].high ||
            high.ranges()[0].low < low.ranges()[0].low)
          fail("has a range that is none");
        all.add(CharSet::of({{low.ranges()[0].low, high.ranges()[0].low}}));
      } else {
        all.add(low);
      }
    }
    return negated ? all.complement() : all;
  }
  CharSet class_part() {
    if (take("\\")) return escape(true);
    const char32_t value = next();
    return CharSet::of({{value, value}});
  }

  /// What follows a backslash.
  CharSet escape(bool in_class) {
    if (!more()) fail("ends in a backslash");
    const char32_t letter = next();
    const auto one = [](char32_t value) { return CharSet::of({{value, value}}); };
    switch (letter) {
      case 'd':
      case 'w':
      case 's':
        return class_of_letter(static_cast<char>(letter));
      case 'D':
      case 'W':
        return class_of_letter(static_cast<char>(letter - 'A' + 'a')).complement();
      case 'S': {
        // Without what Python takes for white space beside.
        CharSet space = class_of_letter('s');
        space.add(CharSet::of({{0x1C, 0x1F}, {0x85, 0x85}, {0xFEFF, 0xFEFF}}));
        return space.complement();
      }
      case 't':
        return one('\t');
      case 'n':
        return one('\n');
      case 'v':
        return one('\v');
      case 'f':
        return one('\f');
      case 'r':
        return one('\r');
      case 'x':
        return one(hex(2));
      case 'u':
        return one(take("{") ? braced_hex() : hex(4));
      case 'b':
        if (in_class) return one('\b');
        unsupported("\\b");
      case 'B':
        unsupported("\\B");
      case 'c':
        unsupported("\\c");
      case 'k':
      case 'p':
      case 'P':
        unsupported(letter == 'k' ? "a reference to a group" : "a Unicode property");
      default:
        break;
    }
    if (letter == '0' && !(more() && text_[at_] >= '0' && text_[at_] <= '9')) return one(0);
    if (letter >= '0' && letter <= '9') unsupported("a reference to a group");
    if ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))
      fail("escapes a letter that has no such meaning");
    return one(letter);
  }

  char32_t hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const int digit = more() ? hex_value(text_[at_]) : -1;
      if (digit < 0) fail("has an escape with too few digits");
      value = value * 16 + static_cast<char32_t>(digit);
      ++at_;
    }
    if (value >= 0xD800 && value <= 0xDFFF) unsupported("half of a surrogate pair");
    return value;
  }
  char32_t braced_hex() {
    char32_t value = 0;
    while (more() && hex_value(text_[at_]) >= 0) {
      value = value * 16 + static_cast<char32_t>(hex_value(text_[at_++]));
      if (value > kLastCharacter) fail("names a character that there is not");
    }
    if (!take("}")) fail("has an escape without an end");
    if (value >= 0xD800 && value <= 0xDFFF) unsupported("half of a surrogate pair");
    return value;
  }

  std::string_view text_, where_;
  std::deque<PatternNode>& nodes_;
  size_t at_ = 0;
};

}  // namespace

CharSet class_of_letter(char letter) {
  if (letter == 'd') return CharSet::of({{'0', '9'}});
  if (letter == 'w') return CharSet::of({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
  return CharSet::of({{'\t', '\r'},
                      {' ', ' '},
                      {0xA0, 0xA0},
                      {0x1680, 0x1680},
                      {0x2000, 0x200A},
                      {0x2028, 0x2029},
                      {0x202F, 0x202F},
                      {0x205F, 0x205F},
                      {0x3000, 0x3000}});
}

const PatternNode& parse_pattern(std::string_view pattern, std::string_view where,
                                 std::deque<PatternNode>& nodes) {
  return Parser(pattern, where, nodes).parse();
}

}  // namespace nety::grammar
