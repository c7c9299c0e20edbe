// Text changed in the person's own editor.
#pragma once

#include <string>
#include <string_view>

namespace nety::talk {

/// Opens `text` in $VISUAL or $EDITOR (a shell command), else vi, and returns what was left of it,
/// without its last line end. The terminal must be as the program found it. Errors: kUsage (no
/// editor could be run, or it failed), kIo.
std::string edited(std::string_view text);

}  // namespace nety::talk
