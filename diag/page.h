// Text on a terminal: widths in characters, wrapping, columns, colours only where wanted, and
// nothing that a hostile name could make the terminal do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nety::diag {

/// Characters of UTF-8 text (bytes that do not continue one).
size_t width_of(std::string_view text);
/// With control characters (so no escape sequences) and bytes that are no UTF-8 as '?'.
std::string plain(std::string_view text);
/// Filled with spaces to at least `width` characters.
std::string padded(std::string_view text, size_t width);
/// At most `width` characters, "..." at the end of what was cut.
std::string shortened(std::string_view text, size_t width);
/// Lines of at most `width` characters, broken at spaces; a longer word is broken inside.
std::vector<std::string> wrapped(std::string_view text, size_t width);

enum class Ink { kPlain, kBold, kRed, kYellow, kGreen, kDim };

/// The text in that ink, or as it is where there are no colours.
std::string inked(std::string_view text, Ink ink, bool colours);

}  // namespace nety::diag
