// Breaks lines between words as text comes, at the width that the terminal has then.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace nety::talk {

/// Text in, lines out. A word is written once its end is known; one that is wider than a whole line
/// is cut between characters. Ideographs and other wide characters are words of their own.
class WordWrap {
 public:
  /// `columns`: the width now, asked at each word; 0: lines are not broken.
  WordWrap(std::function<size_t()> columns, std::function<void(std::string_view)> write)
      : columns_(std::move(columns)), write_(std::move(write)) {}

  /// Valid UTF-8, in pieces of any size that end between code points. Line ends are kept.
  void text(std::string_view text);
  /// Takes no columns and breaks no word: a control sequence.
  void mark(std::string_view sequence);
  /// Lines that are broken go on so many columns from the left.
  void indent(size_t columns) { indent_ = columns; }
  /// Whether lines are broken. Words that came before are written first.
  void wraps(bool wraps);
  /// Writes what is held.
  void flush();

 private:
  void take_unread();
  void take(std::string_view character, size_t columns);
  void place();
  void break_line();
  void write_cut(std::string_view word);

  std::function<size_t()> columns_;
  std::function<void(std::string_view)> write_;
  bool wraps_ = true;
  size_t indent_ = 0;
  size_t column_ = 0;   // of the terminal's cursor
  std::string unread_;  // a character that more text may add to
  std::string blanks_;  // before the word that is held
  std::string held_;    // the word, with its marks
  size_t held_columns_ = 0;
  bool after_wide_ = false;  // the last character that is held is wide
  bool goes_on_ = false;     // a word that no line holds has begun
};

/// A whole text in lines of at most `columns`; 0: as it is.
std::string wrapped(std::string_view text, size_t columns, size_t indent = 0);

}  // namespace nety::talk
