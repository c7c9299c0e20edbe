// What the Tab key offers: commands, names of settings and sessions, paths.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace nety::talk {

/// Names that the table of commands does not know.
struct Names {
  std::vector<std::string> settings;
  std::function<std::vector<std::string>()> sessions;  ///< Asked when they are wanted.
};

/// What may stand in place of the line's part from byte `begin` on; sorted.
struct Completion {
  size_t begin = 0;
  std::vector<std::string> choices;
  /// What all choices begin with.
  std::string common() const;
};

/// For the text before the cursor. Nothing is offered in a question.
Completion complete(std::string_view line, const Names& names);

/// `path` with a leading ~/ as the home folder.
std::string expanded(std::string_view path);

}  // namespace nety::talk
