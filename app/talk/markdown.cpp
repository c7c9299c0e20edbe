#include "app/talk/markdown.h"

#include <algorithm>
#include <utility>

#include "core/base/printable.h"

namespace nety::talk {
namespace {

constexpr std::string_view kBold = "\x1b[1m", kTitle = "\x1b[1;4m", kCode = "\x1b[36m",
                           kDim = "\x1b[2m", kPlain = "\x1b[0m";
constexpr size_t kLongestFenceLine = 200;
constexpr std::string_view kDot = "\xe2\x80\xa2 ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What the first characters of a line, after its blanks, say of it.
enum class Line { kUnknown, kText, kHeading, kBullet, kNumber, kFence, kTable, kRule };

bool only(std::string_view text, char c) {
  return text.find_first_not_of(c) == std::string_view::npos;
}

Line kind_of(std::string_view text, bool last) {
  if (text.empty()) return last ? Line::kText : Line::kUnknown;
  const char first = text[0];
  const size_t run = std::min(text.find_first_not_of(first), text.size());
  const bool ended = run < text.size() || last;
  const char next = run < text.size() ? text[run] : '\n';
  switch (first) {
    case '#':
      if (!ended && run <= 6) return Line::kUnknown;
      return run <= 6 && next == ' ' ? Line::kHeading : Line::kText;
    case '`':
    case '~':
      if (run >= 3) return Line::kFence;
      return ended ? Line::kText : Line::kUnknown;
    case '-':
    case '*':
      if (run == 1)
        return next == ' ' && ended ? Line::kBullet : ended ? Line::kText : Line::kUnknown;
      if (!ended) return Line::kUnknown;
      return run >= 3 && next == '\n' ? Line::kRule : Line::kText;
    case '+':
      if (!ended) return Line::kUnknown;
      return run == 1 && next == ' ' ? Line::kBullet : Line::kText;
    case '|':
      return Line::kTable;
    default:
      break;
  }
  if (!is_digit(first)) return Line::kText;
  const size_t digits = std::min(
      static_cast<size_t>(std::ranges::find_if_not(text, is_digit) - text.begin()), text.size());
  if (digits > 9) return Line::kText;
  if (digits + 1 >= text.size() && !last) return Line::kUnknown;
  const bool dot = digits < text.size() && (text[digits] == '.' || text[digits] == ')');
  return dot && text.substr(digits + 1, 1) == " " ? Line::kNumber : Line::kText;
}

}  // namespace

void Markdown::put(std::string_view text) {
  page_.text(text);
  if (!text.empty()) before_ = text.back();
}

void Markdown::style(std::string_view on) { page_.mark(on); }

/// Ends every style but the heading's and the bold that are open.
void Markdown::plain() {
  page_.mark(kPlain);
  if (heading_ || bold_) page_.mark(kBold);
}

void Markdown::text(std::string_view text) { take_all(text); }

void Markdown::take_all(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = std::max<size_t>(1, utf8_sequence(text));
    take(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
}

// One code point.
void Markdown::take(std::string_view c) {
  switch (place_) {
    case Place::kLineStart:
    case Place::kFenceLine:
      head_ += c;
      return begin_line(false);
    case Place::kInLine:
      return in_line(c);
    case Place::kCode:
      put(c);
      if (c == "\n") place_ = Place::kLineStart;
      return;
  }
}

// Decides what the line is once its first characters tell. Inside a fence only its end counts.
void Markdown::begin_line(bool last) {
  const bool ended = head_.ends_with('\n');
  std::string_view head = head_;
  if (ended) head.remove_suffix(1);
  const size_t blanks = std::min(head.find_first_not_of(' '), head.size());
  const std::string_view rest = head.substr(blanks);
  if (place_ == Place::kFenceLine) {
    if (!ended && !last && head.size() < kLongestFenceLine) return;
    if (begin_fence(head, blanks)) return;
  } else if (fence_ != 0) {
    // As long as it may be the fence that closes.
    const bool may_close = only(rest, fence_);
    if (may_close && !ended && !last) return;
    if (may_close && rest.size() >= fence_size_ && begin_fence(head, blanks)) return;
    const std::string line = std::exchange(head_, {});
    place_ = Place::kCode;
    return take_all(line);
  }
  const Line line = place_ == Place::kFenceLine ? Line::kText : kind_of(rest, ended || last);
  if (line == Line::kUnknown) return;
  if (line == Line::kFence) {
    place_ = Place::kFenceLine;
    return ended || last ? begin_line(last) : void();
  }
  const std::string all = std::exchange(head_, {});
  place_ = Place::kInLine;
  std::string_view text = all;
  if (line == Line::kHeading) {
    const size_t marks = text.find_first_not_of('#', blanks);
    heading_ = true;
    style(marks - blanks <= 2 ? kTitle : kBold);
    text.remove_prefix(text[marks] == ' ' ? marks + 1 : marks);
  } else if (line == Line::kBullet) {
    put(text.substr(0, blanks));
    put(kDot);
    page_.indent(blanks + 2);
    text.remove_prefix(blanks + 2);
  } else if (line == Line::kNumber) {
    const size_t marks = text.find(' ', blanks) + 1;
    put(text.substr(0, marks));
    page_.indent(marks);
    text.remove_prefix(marks);
  } else if (line == Line::kTable) {
    page_.wraps(false);
  } else if (line == Line::kRule) {
    put(text.substr(0, text.size() - (ended ? 1 : 0)));
    if (ended) end_line();
    return;
  } else {
    page_.indent(blanks);
  }
  take_all(text);
}

// A fence's line opens code, or closes it; false if the line is none. Its line end is written too.
bool Markdown::begin_fence(std::string_view head, size_t blanks) {
  const std::string_view rest = head.substr(blanks);
  const size_t run = std::min(rest.find_first_not_of(rest[0]), rest.size());
  const bool opens = fence_ == 0;
  if (opens && rest[0] == '`' && rest.find('`', run) != std::string_view::npos) return false;
  if (opens) page_.wraps(false);
  style(kPlain);
  style(kDim);
  put(head);
  style(kPlain);
  if (opens) {
    fence_ = rest[0];
    fence_size_ = run;
    style(kCode);
  } else {
    fence_ = 0;
    page_.wraps(true);
  }
  if (head_.ends_with('\n')) put("\n");
  head_.clear();
  place_ = Place::kLineStart;
  return true;
}

void Markdown::in_line(std::string_view c) {
  if (!marks_.empty()) {
    if (marks_[0] != '\\' && c[0] == marks_[0]) {
      marks_ += c;
      return;
    }
    if (marks_ == "\\" && (c == "*" || c == "`" || c == "_" || c == "#")) {
      marks_.clear();
      return put(c);
    }
    end_marks(c[0]);
  }
  if (c == "\n") return end_line();
  if (c == "`" || (code_ == 0 && (c == "*" || c == "\\"))) {
    marks_ = c;
    return;
  }
  put(c);
}

// Decides what a run of marks means, before `next`.
void Markdown::end_marks(char next) {
  const std::string marks = std::exchange(marks_, {});
  if (marks[0] == '*') return stars(marks.size(), next);
  if (marks[0] == '`' && code_ == 0 && next != '\n') {
    code_ = marks.size();
    return style(kCode);
  }
  if (marks[0] == '`' && code_ == marks.size()) {
    code_ = 0;
    return plain();
  }
  put(marks);
}

void Markdown::stars(size_t count, char next) {
  const std::string text(count, '*');
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
  // Not within a word: 2**10 is a power.
  const bool may_open = !bold_ && !blank(next) && !is_ascii_word(before_);
  const bool may_close = bold_ && !blank(before_);
  if (count < 2 || count > 3 || !(may_open || may_close)) return put(text);
  bold_ = may_open;
  if (heading_) return;  // it is bold already
  if (bold_) return style(kBold);
  plain();
}

void Markdown::end_line() {
  if (!marks_.empty()) end_marks('\n');
  if (bold_ || code_ > 0 || heading_) style(kPlain);
  bold_ = heading_ = false;
  code_ = 0;
  put("\n");
  page_.indent(0);
  page_.wraps(true);
  place_ = Place::kLineStart;
}

void Markdown::finish() {
  if (!head_.empty()) begin_line(true);
  if (!marks_.empty()) end_marks('\n');
  if (bold_ || code_ > 0 || heading_ || fence_ != 0) style(kPlain);
  page_.flush();
}

}  // namespace nety::talk
