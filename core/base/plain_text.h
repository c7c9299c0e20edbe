// Plain text for people: made safe for a terminal, filled up to columns.
#pragma once

#include <string>
#include <string_view>

namespace nety {

/// What stands for bytes that are no text: U+FFFD.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Valid UTF-8 without control characters, but tab and newline, and without noncharacters; each is
/// replaced, and so is each byte that is not UTF-8.
std::string clean(std::string_view text, std::string_view replacement = kReplacement);
/// clean(), on one line: newlines and tabs become spaces.
std::string one_line(std::string_view text, std::string_view replacement = kReplacement);

/// Characters of valid UTF-8, as a terminal's columns (wide characters count as one).
size_t width_of(std::string_view text);
/// Filled with spaces to at least `width` characters: after the text, or before it.
std::string padded(std::string_view text, size_t width, bool right = false);

}  // namespace nety
