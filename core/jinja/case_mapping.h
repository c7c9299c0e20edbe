// Upper, lower and title case of whole texts, as Python's str has them.
#pragma once

#include <string>
#include <string_view>

namespace nety::jinja {

std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);
std::string title_case(std::string_view text);
std::string swapped_case(std::string_view text);
/// The first character in title case, the others in lower case.
std::string capitalized(std::string_view text);

/// str.isupper(), islower(), istitle().
bool is_upper(std::string_view text);
bool is_lower(std::string_view text);
bool is_title(std::string_view text);

}  // namespace nety::jinja
