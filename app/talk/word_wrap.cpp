#include "app/talk/word_wrap.h"

#include <algorithm>
#include <utility>

#include "app/talk/characters.h"

namespace nety::talk {
namespace {

constexpr size_t kTab = 8;
constexpr char kEscape = '\x1b';

/// Bytes of the control sequence at the start of `text`: ESC [ ... letter.
size_t sequence_bytes(std::string_view text) {
  size_t end = std::min<size_t>(2, text.size());
  while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
  return std::min(end + 1, text.size());
}

}  // namespace

void WordWrap::text(std::string_view text) {
  unread_ += text;
  std::string_view rest = unread_;
  while (!rest.empty()) {
    const Character one = first_character(rest);
    const bool ascii = one.bytes == 1 && (rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\t');
    // A mark may follow in the next piece; none belongs to a blank.
    if (!one.whole && !ascii) break;
    take(rest.substr(0, one.bytes), one.columns);
    rest.remove_prefix(one.bytes);
  }
  unread_.erase(0, unread_.size() - rest.size());
}

void WordWrap::take(std::string_view character, size_t columns) {
  if (character == "\n" || character == "\r\n") {
    place();
    blanks_.clear();
    write_("\n");
    column_ = 0;
    goes_on_ = after_wide_ = false;
    return;
  }
  if (character == " " || character == "\t") {
    place();
    const size_t at = column_ + blanks_.size();
    blanks_.append(character == " " ? 1 : kTab - at % kTab, ' ');
    goes_on_ = after_wide_ = false;
    return;
  }
  const bool wide = first_character(character).wide;
  if (held_columns_ > 0 && (wide || after_wide_)) {
    place();
    goes_on_ = false;
  }
  held_ += character;
  held_columns_ += columns;
  after_wide_ = wide;
  const size_t width = columns_();
  if (!wraps_ || (width > 0 && held_columns_ + std::min(indent_, width / 2) > width)) place();
}

void WordWrap::wraps(bool wraps) {
  flush();
  wraps_ = wraps;
}

void WordWrap::mark(std::string_view sequence) {
  take_unread();
  held_ += sequence;
}

void WordWrap::flush() {
  take_unread();
  place();
}

// Text that ends, or is followed by a mark, ends its last character.
void WordWrap::take_unread() {
  const std::string last = std::exchange(unread_, {});
  std::string_view rest = last;
  while (!rest.empty()) {
    const Character one = first_character(rest);
    take(rest.substr(0, one.bytes), one.columns);
    rest.remove_prefix(one.bytes);
  }
}

void WordWrap::break_line() {
  const size_t width = columns_(), indent = std::min(indent_, width / 2);
  write_("\n" + std::string(indent, ' '));
  column_ = indent;
}

void WordWrap::place() {
  if (held_columns_ == 0) {  // marks alone need no place
    if (!held_.empty()) write_(held_);
    held_.clear();
    return;
  }
  const size_t width = columns_();
  const bool bounded = wraps_ && width > 0;
  const size_t room = bounded ? width - std::min(indent_, width / 2) : 0;
  const bool fits = !bounded || column_ + blanks_.size() + held_columns_ <= width;
  if (fits) {
    write_(blanks_ + held_);
    column_ += blanks_.size() + held_columns_;
    goes_on_ = goes_on_ && bounded;
  } else if (goes_on_ || held_columns_ > room) {
    // The rest of a word that no line holds fills this line; its beginning has one of its own.
    if (!goes_on_ && column_ > 0) break_line();
    write_cut(held_);
    goes_on_ = true;
  } else {
    if (column_ > 0) break_line();
    write_(held_);
    column_ += held_columns_;
  }
  blanks_.clear();
  held_.clear();
  held_columns_ = 0;
}

std::string wrapped(std::string_view text, size_t columns, size_t indent) {
  std::string lines;
  WordWrap wrap([columns] { return columns; }, [&lines](std::string_view part) { lines += part; });
  wrap.indent(indent);
  wrap.text(text);
  wrap.flush();
  return lines;
}

void WordWrap::write_cut(std::string_view word) {
  const size_t width = columns_();
  while (!word.empty()) {
    if (word[0] == kEscape) {
      const size_t bytes = sequence_bytes(word);
      write_(word.substr(0, bytes));
      word.remove_prefix(bytes);
      continue;
    }
    const Character one = first_character(word);
    if (column_ > 0 && column_ + one.columns > width) break_line();
    write_(word.substr(0, one.bytes));
    column_ += one.columns;
    word.remove_prefix(one.bytes);
  }
}

}  // namespace nety::talk
