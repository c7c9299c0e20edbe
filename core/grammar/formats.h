// The values of "format" that can be asked for, as patterns.
#pragma once

#include <string>
#include <string_view>

namespace nety::grammar {

/// The pattern of a format, or "" for one that is not known. Every text that matches is valid; some
/// valid ones do not match (formats.cpp says which).
std::string pattern_of_format(std::string_view format);

/// The names of the known ones, for messages.
std::string known_formats();

}  // namespace nety::grammar
