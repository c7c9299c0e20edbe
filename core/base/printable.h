// Text from a file or a program, made fit for where it goes. A name may hold control sequences that
// would move a terminal's cursor, set its title or run its answers as input.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nety {

/// Bytes of the valid UTF-8 sequence at the start of `text` (not empty); 0 if there is none.
/// Rejects overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629).
size_t utf8_sequence(std::string_view text);

/// For a terminal: line ends and tabs stay; every other control character (C0, DEL, C1), whatever
/// turns the direction of writing, and bytes that are no UTF-8 become U+FFFD.
std::string printable(std::string_view text);

/// A JSON document whose strings hold no control character as it is: DEL and C1, which JSON allows
/// raw, become \u escapes.
std::string printable_json(std::string json);

}  // namespace nety
