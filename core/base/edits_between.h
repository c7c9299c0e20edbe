// How alike two words are.
#pragma once

#include <cstddef>
#include <string_view>

namespace nety {

/// The number of edits (a byte inserted, left out or changed) between two words.
size_t edits_between(std::string_view a, std::string_view b);

}  // namespace nety
