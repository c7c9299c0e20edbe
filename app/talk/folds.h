// Text of many lines in the one line that is edited: a piece that stands for it, until it is sent.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "core/base/messages.h"

namespace nety::talk {

/// A pasted text of several lines is one question. A terminal of a few rows has no place for it,
/// so the line holds "[200 lines #1: how it begins]" instead.
class Folds {
 public:
  explicit Folds(Language language) : language_(language) {}

  /// The text itself if it is one line, and no very long one, else what stands for it.
  std::string fold(std::string_view text);
  /// A line with its folded texts in their places.
  std::string unfold(std::string_view line) const;

 private:
  Language language_;
  std::map<std::string, std::string> texts_;  // by what stands for them
  std::map<std::string, std::string> folds_;  // the other way
};

/// With line ends as '\n', and none at the end: as a terminal or an editor gives text.
std::string with_plain_line_ends(std::string_view text);

}  // namespace nety::talk
