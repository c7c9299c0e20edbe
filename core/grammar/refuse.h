// The errors of this folder: what somebody asked an answer to be cannot be done.
#pragma once

#include <string>
#include <string_view>

namespace nety::grammar {

/// Throws kUsage. The default hint is for what is too large.
[[noreturn]] void refuse(const std::string& what, std::string hint);
[[noreturn]] void refuse_large(const std::string& what);

/// A text for a message: quoted, cut and without control characters.
std::string shown(std::string_view text);

}  // namespace nety::grammar
