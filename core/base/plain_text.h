// Plain text in columns: how wide it is, and filled up to a width.
#pragma once

#include <string>
#include <string_view>

namespace nety {

/// Characters of valid UTF-8, as a terminal's columns (wide characters count as one).
size_t width_of(std::string_view text);
/// Filled with spaces to at least `width` characters: after the text, or before it.
std::string padded(std::string_view text, size_t width, bool right = false);

}  // namespace nety
