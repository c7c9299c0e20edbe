// Oniguruma's Ruby syntax (kkos/oniguruma, doc/RE) rewritten for PCRE2 (man pcre2pattern). Only
// what differs is touched; what cannot be said in PCRE2 is refused.
#include <fmt/core.h>

#include <array>
#include <iterator>

#include "core/base/error.h"
#include "core/tokenizer/refuse.h"
#include "core/tokenizer/regex.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

// The insides of sets. White space is the property White_Space: PCRE2's \s has U+180E as well.
constexpr std::string_view kSpace =
    R"(\t-\r\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kNotSpace =
    R"(\x00-\x08\x0e-\x1f\x21-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027})"
    R"(\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff})";
constexpr std::string_view kHex = "0-9a-fA-F";
constexpr std::string_view kNotHex = R"(\x00-/:-@G-`g-\x{10ffff})";
// Alphabetic, Mark, Decimal_Number, Connector_Punctuation, and the Latin-1 numbers.
constexpr std::string_view kWord =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}\x{24b6}-\x{24e9})"
    R"(\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189})";

struct NewerRange {
  char category;
  unsigned first, last;
};
constexpr NewerRange kNewer[] = {
#define NETY_NEWER(category, first, last) {#category[0], first, last},
#include "core/tokenizer/unicode_newer.def"
#undef NETY_NEWER
};

/// The code points of a general category that PCRE2 may not know yet.
std::string newer(char category) {
  std::string ranges;
  for (const NewerRange& range : kNewer)
    if (range.category == category)
      ranges += fmt::format("\\x{{{:x}}}-\\x{{{:x}}}", range.first, range.last);
  return ranges;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Translator {
 public:
  Translator(std::string_view pattern, const std::string& source)
      : pattern_(pattern), source_(&source) {}

  std::string run() {
    while (!at_end()) step();
    if (!groups_.empty()) fail("has a group without end");
    return std::move(out_);
  }

 private:
  bool at_end() const { return at_ >= pattern_.size(); }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }
  [[noreturn]] void fail(std::string_view why) const {
    refuse(*source_, fmt::format("the pattern {} {}", quote(pattern_), why));
  }
  void copy(size_t bytes) {
    out_ += pattern_.substr(at_, bytes);
    at_ += bytes;
  }

  void step() {
    switch (peek()) {
      case '\\':
        atom_ = out_.size();
        return escape(false);
      case '[':
        return set();
      case '(':
        return open_group();
      case ')':
        if (groups_.empty()) fail("has a ) without (");
        atom_ = groups_.back();
        groups_.pop_back();
        return copy(1);
      case '{':
        return interval();
      case '*':
      case '+':
      case '?':
      case '|':
      case '^':
      case '$':
        return copy(1);
      default:
        atom_ = out_.size();
        return copy(code_point_at(pattern_, at_).bytes);
    }
  }

  void open_group() {
    groups_.push_back(out_.size());
    copy(1);
    if (peek() != '?') return;
    copy(1);
    // Ruby's m is what others call s; other letters keep their meaning.
    while (peek() == 'i' || peek() == 'm' || peek() == 'x' || peek() == '-') {
      out_ += peek() == 'm' ? 's' : peek();
      ++at_;
    }
    if (peek() == ':' || peek() == '=' || peek() == '!' || peek() == '>' || peek() == '<' ||
        peek() == '#')
      return copy(1);
    if (peek() != ')') fail("has an unknown kind of group");
  }

  /// {n}, {n,}, {,m} or {n,m}; anything else is a brace. A + or ? behind it applies to the whole.
  void interval() {
    size_t end = at_ + 1;
    const auto digits = [&] {
      const size_t begin = end;
      while (end < pattern_.size() && is_digit(pattern_[end])) ++end;
      return pattern_.substr(begin, end - begin);
    };
    const std::string_view low = digits();
    const bool comma = end < pattern_.size() && pattern_[end] == ',';
    if (comma) ++end;
    const std::string_view high = comma ? digits() : low;
    const bool closed = end < pattern_.size() && pattern_[end] == '}';
    if (!closed || (low.empty() && high.empty())) {
      atom_ = out_.size();
      out_ += "\\{";
      ++at_;
      return;
    }
    at_ = end + 1;
    const std::string repeat =
        fmt::format("{{{}{}{}}}", low.empty() ? "0" : low, comma ? "," : "", comma ? high : "");
    const bool whole = peek() == '+' || (peek() == '?' && !comma);
    if (!whole) {
      out_ += repeat;
      if (peek() == '?') copy(1);
      return;
    }
    out_.insert(atom_, "(?:");
    out_ += repeat + ")";
    copy(1);
  }

  void set() {
    const size_t begin = out_.size();
    copy(1);
    if (peek() == '^') copy(1);
    if (peek() == ']') fail("has an empty set");
    for (; !at_end() && peek() != ']';) {
      if (peek() == '\\') {
        escape(true);
      } else if (peek() == '[') {
        posix_class();
      } else if (peek() == '&' && peek(1) == '&') {
        fail("intersects sets (&&), which is not supported");
      } else {
        copy(code_point_at(pattern_, at_).bytes);
      }
    }
    if (at_end()) fail("has a set without end");
    copy(1);
    atom_ = begin;
  }

  void posix_class() {
    const size_t end = pattern_.find(":]", at_);
    if (peek(1) != ':' || end == std::string_view::npos)
      fail("has a set within a set, which is not supported");
    copy(end + 2 - at_);
  }

  /// One escape sequence, inside a set or outside.
  void escape(bool in_set) {
    const char letter = peek(1);
    if (letter == '\0' && at_ + 1 >= pattern_.size()) fail("ends in a backslash");
    const auto put = [&](std::string_view members, bool negated) {
      at_ += 2;
      if (in_set && negated) fail("has a negated class inside a set, which is not supported");
      out_ += in_set ? std::string(members) : fmt::format("[{}{}]", negated ? "^" : "", members);
    };
    switch (letter) {
      case 's':
        return put(kSpace, false);
      case 'S':
        return put(kNotSpace, false);
      case 'h':
        return put(kHex, false);
      case 'H':
        return put(kNotHex, false);
      case 'w':
      case 'W':
        return put(std::string(kWord) + newer('L') + newer('M') + newer('N'), letter == 'W');
      case 'v':
        return put("\\x0b", false);
      case 'p':
      case 'P':
        return property(in_set);
      case 'u':
        return hexadecimal();
      default:
        at_ += 1;
        out_ += '\\';
        return copy(code_point_at(pattern_, at_).bytes);
    }
  }

  void hexadecimal() {
    const std::string_view digits = pattern_.substr(at_ + 2, 4);
    if (digits.size() < 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos)
      fail("has a \\u without four hexadecimal digits");
    out_ += fmt::format("\\x{{{}}}", digits);
    at_ += 6;
  }

  /// \p{L}, \P{L}, \p{^L}.
  void property(bool in_set) {
    const size_t end = pattern_.find('}', at_);
    if (peek(2) != '{' || end == std::string_view::npos) fail("has a property without {}");
    std::string_view name = pattern_.substr(at_ + 3, end - at_ - 3);
    bool negated = peek(1) == 'P';
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    const std::string more = name.size() == 1 ? newer(name[0]) : std::string();
    at_ = end + 1;
    if (more.empty() || (in_set && negated))
      out_ += fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', name);
    else if (in_set)
      out_ += fmt::format("\\p{{{}}}{}", name, more);
    else
      out_ += fmt::format("[{}\\p{{{}}}{}]", negated ? "^" : "", name, more);
  }

  std::string_view pattern_;
  const std::string* source_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_ = 0;             // where in out_ that begins which a quantifier would repeat
  std::vector<size_t> groups_;  // where in out_ the open groups begin
};

}  // namespace

std::string translate_regex(std::string_view pattern, const std::string& source) {
  if (!is_valid_utf8(pattern))
    refuse(source, fmt::format("the pattern {} is not UTF-8", quote(pattern)));
  return Translator(pattern, source).run();
}

}  // namespace nety::tokenizer
