// Light Markdown for a terminal, as it comes: headings, lists, bold, code spans and fenced code.
// Everything else stays as the model wrote it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/talk/word_wrap.h"

namespace nety::talk {

/// Marks whose meaning the next characters decide are held back, a few characters at most. Bold and
/// code that are not closed end with their line.
class Markdown {
 public:
  explicit Markdown(WordWrap& page) : page_(page) {}

  /// Valid UTF-8, without control characters other than line ends and tabs.
  void text(std::string_view text);
  /// Writes what is held; the terminal is left without a style.
  void finish();

 private:
  enum class Place : uint8_t { kLineStart, kInLine, kFenceLine, kCode };

  void take_all(std::string_view text);
  void take(std::string_view c);
  void begin_line(bool last);
  bool begin_fence(std::string_view head, size_t blanks);
  void in_line(std::string_view c);
  void end_marks(char next);
  void stars(size_t count, char next);
  void end_line();
  void put(std::string_view text);
  void style(std::string_view on);
  void plain();

  WordWrap& page_;
  Place place_ = Place::kLineStart;
  std::string head_;   // of a line, or of a fence's line, whose kind is not known yet
  std::string marks_;  // a run of stars or backticks, or a backslash
  char fence_ = 0;     // the character of the fence that is open; 0: none
  size_t fence_size_ = 0;
  size_t code_ = 0;  // backticks that opened the code span; 0: none
  bool bold_ = false;
  bool heading_ = false;
  char before_ = '\n';  // the last character that was put
};

}  // namespace nety::talk
