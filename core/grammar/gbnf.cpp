// A rule is `name ::= way | way`; a way is a row of "texts", [classes], ., names and (groups), each
// with * + ? {m} {m,} {m,n} if need be; # begins a comment.
#include "core/grammar/gbnf.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/grammar/limits.h"
#include "core/grammar/refuse.h"
#include "core/tokenizer/unicode.h"

namespace nety::grammar {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

/// What can be repeated: a text, a set of characters, or a rule.
struct Element {
  std::string text;
  std::optional<CharSet> set;
  int32_t rule = -1;
};

struct Counts {
  int32_t least = 1, most = 1;
  bool once() const { return least == 1 && most == 1; }
};

class Parser {
 public:
  Parser(std::string_view text, Builder& builder) : text_(text), builder_(builder) {
    if (text.size() > kMostSourceBytes)
      refuse_large(
          fmt::format("the grammar has {} bytes, more than {}", text.size(), kMostSourceBytes));
    if (!tokenizer::is_valid_utf8(text)) fail("it is not UTF-8");
  }

  int32_t parse() {
    skip(true);
    while (more()) definition();
    for (const auto& [name, rule] : rules_)
      if (!rule.defined) fail(fmt::format("there is no rule {}", shown(name)));
    const auto root = rules_.find("root");
    if (root == rules_.end()) fail("there is no rule \"root\"");
    return root->second.id;
  }

 private:
  struct Named {
    int32_t id = -1;
    bool defined = false;
  };

  [[noreturn]] void fail(std::string_view what) const {
    const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
    refuse(fmt::format("the grammar, line {}: {}", line, what),
           "Rules look like: root ::= \"yes\" | \"no\" [0-9]+");
  }

  bool more() const { return at_ < text_.size(); }
  bool is(char c) const { return more() && text_[at_] == c; }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  char32_t next() {
    if (!more()) fail("it ends too early");
    const tokenizer::CodePoint point = tokenizer::code_point_at(text_, at_);
    at_ += point.bytes;
    return point.value;
  }

  void skip(bool lines) {
    while (more()) {
      const char c = text_[at_];
      if (c == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r')))
        ++at_;
      else
        return;
    }
  }

  std::string_view name() {
    const size_t begin = at_;
    while (more() && is_name(text_[at_])) ++at_;
    if (begin == at_) fail("a name is missing");
    return text_.substr(begin, at_ - begin);
  }
  Named& named(std::string_view name) {
    Named& rule = rules_[std::string(name)];
    if (rule.id < 0) rule.id = builder_.rule(fmt::format("the rule {}", shown(name)));
    return rule;
  }

  void definition() {
    Named& rule = named(name());
    if (std::exchange(rule.defined, true)) fail("this rule is there twice");
    skip(false);
    if (!take("::=")) fail("a ::= is missing");
    skip(true);
    ways(rule.id, 0);
    if (more() && !is('\n') && !is('\r')) fail("there is something that belongs to no rule");
    skip(true);
  }

  void ways(int32_t rule, int32_t depth) {
    if (depth > kDeepestSource) fail("its groups nest too deep");
    const int32_t start = builder_.start_of(rule), end = builder_.state(rule);
    builder_.accept(end);
    do {
      skip(true);
      const int32_t from = builder_.state(rule);
      builder_.epsilon(start, from);
      builder_.epsilon(sequence(from, depth), end);
    } while (another_way(depth));
  }

  /// A bar, which may stand on the next line too.
  bool another_way(int32_t depth) {
    skip(depth > 0);
    if (take("|")) return true;
    const size_t here = at_;
    skip(true);
    if (take("|")) return true;
    at_ = here;
    return false;
  }

  int32_t sequence(int32_t from, int32_t depth) {
    for (;;) {
      skip(depth > 0);
      if (!more() || is('|') || is(')') || is('\n') || is('\r')) return from;
      const Element part = element(depth);
      from = add(part, counts(), from);
    }
  }

  Element element(int32_t depth) {
    Element made;
    if (take("\"")) {
      while (!is('"')) tokenizer::append_utf8(made.text, character());
      ++at_;
    } else if (take("[")) {
      made.set = char_class();
    } else if (take(".")) {
      made.set = CharSet::all();
    } else if (take("(")) {
      made.rule = builder_.rule("a group");
      ways(made.rule, depth + 1);
      skip(true);
      if (!take(")")) fail("a ) is missing");
    } else {
      made.rule = named(name()).id;
    }
    return made;
  }

  char32_t character() {
    if (is('\n')) fail("a text or class does not end on its line");
    if (!take("\\")) return next();
    const char32_t letter = next();
    switch (letter) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'x':
        return hex(2);
      case 'u':
        return hex(4);
      case 'U':
        return hex(8);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return letter;
      default:
        fail("there is no such escape");
    }
  }
  char32_t hex(int digits) {
    uint64_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const char32_t c = next();
      const bool decimal = c >= '0' && c <= '9';
      const char32_t low = c | 0x20;
      if (!decimal && (low < 'a' || low > 'f')) fail("an escape has too few digits");
      value = value * 16 + (decimal ? c - '0' : low - 'a' + 10);
    }
    if (value > kLastCharacter || (value >= 0xD800 && value <= 0xDFFF))
      fail("an escape names no character");
    return static_cast<char32_t>(value);
  }

  CharSet char_class() {
    const bool negated = take("^");
    CharSet all;
    while (!is(']')) {
      const char32_t low = character();
      char32_t high = low;
      if (is('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        high = character();
        if (high < low) fail("a range of a class ends before it begins");
      }
      all.add(CharSet::of({{low, high}}));
    }
    ++at_;
    return negated ? all.complement() : all;
  }

  Counts counts() {
    Counts made;
    if (take("*")) return {0, kUnbounded};
    if (take("+")) return {1, kUnbounded};
    if (take("?")) return {0, 1};
    if (!take("{")) return made;
    skip(false);
    made.least = made.most = number();
    skip(false);
    if (take(",")) {
      skip(false);
      made.most = is('}') ? kUnbounded : number();
      skip(false);
    }
    if (!take("}")) fail("a } is missing");
    if (made.most < made.least) fail("the least count is above the largest");
    return made;
  }
  int32_t number() {
    int64_t value = -1;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9')
      value = std::min<int64_t>(std::max<int64_t>(value, 0) * 10 + (text_[at_++] - '0'),
                                kUnbounded - 1);
    if (value < 0) fail("a count is missing");
    return static_cast<int32_t>(value);
  }

  /// One of them from `from` to `to`.
  void add_one(const Element& part, int32_t from, int32_t to, Guard guard = Guard::kFree) {
    if (part.set)
      builder_.characters(from, *part.set, to, guard);
    else if (part.rule >= 0)
      builder_.call(from, part.rule, to, guard);
    else
      builder_.literal(from, part.text, to);
  }

  int32_t add(const Element& part, const Counts& counts, int32_t from) {
    const int32_t rule = builder_.rule_of(from), to = builder_.state(rule);
    if (counts.once()) {
      add_one(part, from, to);
      return to;
    }
    if (counts.most == 0) return from;
    if (counts.least == 0 && counts.most == 1) {
      add_one(part, from, to);
      builder_.epsilon(from, to);
      return to;
    }
    const bool inside = part.set || (part.rule < 0 && !part.text.empty());
    if (inside && counts.most == kUnbounded && counts.least <= 1) {
      if (counts.least == 0)
        builder_.epsilon(from, to);
      else
        add_one(part, from, to);
      add_one(part, to, to);
      return to;
    }
    builder_.call(from, repeated(part, counts), to);
    return to;
  }

  int32_t repeated(const Element& part, const Counts& counts) {
    Element unit = part;
    if (!part.set && part.rule < 0) {
      unit.rule = builder_.rule("a text");
      const int32_t end = builder_.state(unit.rule);
      builder_.accept(end);
      builder_.literal(builder_.start_of(unit.rule), part.text, end);
    }
    const int32_t rule = builder_.rule("a repetition", counts.least, counts.most);
    const int32_t start = builder_.start_of(rule), again = builder_.state(rule);
    add_one(unit, start, again, Guard::kCount);
    add_one(unit, again, again, Guard::kCount);
    if (counts.least == 0) builder_.accept(start);
    builder_.accept(again, Accept::kEnough);
    return rule;
  }

  std::string_view text_;
  Builder& builder_;
  size_t at_ = 0;
  std::map<std::string, Named, std::less<>> rules_;
};

}  // namespace

int32_t add_gbnf(std::string_view text, Builder& builder) { return Parser(text, builder).parse(); }

}  // namespace nety::grammar
