// Characters as a person sees them on a terminal, and how many columns each takes.
#pragma once

#include <cstddef>
#include <string_view>

namespace nety::talk {

/// One character with the marks and joiners that belong to it (a grapheme cluster of Unicode
/// Standard Annex 29).
struct Character {
  size_t bytes = 0;
  /// Columns. Where terminals differ, as they do for joined emoji, the most that one of them takes:
  /// a line then ends early and never late.
  size_t columns = 0;
  bool wide = false;   ///< A line may end before and after it: ideographs, kana, hangul, emoji.
  bool whole = false;  ///< More text cannot add to it: another character follows.
};

/// The first character of `text`, valid UTF-8 and not empty.
Character first_character(std::string_view text);
/// Columns of a text without line ends.
size_t columns_of(std::string_view text);

}  // namespace nety::talk
