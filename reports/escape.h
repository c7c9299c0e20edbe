// Text made safe for each format. Names of models and reasons of failures come from files and other
// programs: they may hold anything.
#pragma once

#include <string>
#include <string_view>

namespace nety::reports {

/// Valid UTF-8: what is not becomes U+FFFD; control characters other than tab and newline too.
std::string clean(std::string_view text);
/// clean(), on one line: newlines and tabs become spaces.
std::string one_line(std::string_view text);

/// For HTML and XML, in text and in quoted attributes.
std::string escape_html(std::string_view text);
/// For a cell of a GitHub table or a paragraph: nothing in it is markup.
std::string escape_markdown(std::string_view text);
/// For a CSV field (RFC 4180), quoted where needed. A text that a spreadsheet would take for a
/// formula gets a leading apostrophe.
std::string escape_csv(std::string_view text);
/// For a POSIX shell: quoted where needed.
std::string escape_shell(std::string_view text);

/// Characters of valid UTF-8, as a terminal's columns (wide characters count as one).
size_t width_of(std::string_view text);

}  // namespace nety::reports
