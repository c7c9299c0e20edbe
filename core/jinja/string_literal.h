// Escapes in a string of a template, as Python's "unicode-escape" undoes them.
#pragma once

#include <string>
#include <string_view>

namespace nety::jinja {

/// Error: Failure (at `line`) for an escape that Python refuses, or by name (\N{...}), or a lone
/// surrogate.
std::string without_escapes(std::string_view text, int line);

}  // namespace nety::jinja
