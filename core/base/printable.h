// Text from a file or a program, made fit for where it goes. A name may hold control sequences that
// would move a terminal's cursor, set its title or run its answers as input; XML forbids them too.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nety {

/// What stands for bytes that are no text: U+FFFD.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Bytes of the valid UTF-8 sequence at the start of `text` (not empty); 0 if there is none.
/// Rejects overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629).
size_t utf8_sequence(std::string_view text);

/// For a terminal or a document: line ends and tabs stay; every other control character (C0, DEL,
/// C1), whatever turns the direction of writing, noncharacters, and each byte that is no UTF-8 are
/// replaced.
std::string printable(std::string_view text, std::string_view replacement = kReplacement);
/// printable(), on one line: newlines and tabs become spaces.
std::string one_line(std::string_view text, std::string_view replacement = kReplacement);

/// A JSON document whose strings hold no control character as it is: DEL and C1, which JSON allows
/// raw, become \u escapes.
std::string printable_json(std::string json);

}  // namespace nety
