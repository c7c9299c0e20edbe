// Text on a terminal: cut and broken into lines by characters, with colours only where wanted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/plain_text.h"
#include "core/base/printable.h"

namespace nety::diag {

/// At most `width` characters, "..." at the end of what was cut.
std::string shortened(std::string_view text, size_t width);
/// Lines of at most `width` characters, broken at spaces; a longer word is broken inside.
std::vector<std::string> wrapped(std::string_view text, size_t width);

enum class Ink { kPlain, kBold, kRed, kYellow, kGreen, kDim };

/// The text in that ink, or as it is where there are no colours.
std::string inked(std::string_view text, Ink ink, bool colours);

}  // namespace nety::diag
