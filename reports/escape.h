// Text made safe for each format. Names of models and reasons of failures come from files and other
// programs: they may hold anything. base/printable.h takes out what no format may have.
#pragma once

#include <string>
#include <string_view>

#include "core/base/plain_text.h"
#include "core/base/printable.h"

namespace nety::reports {

/// For HTML and XML, in text and in quoted attributes.
std::string escape_html(std::string_view text);
/// For a cell of a GitHub table or a paragraph: nothing in it is markup.
std::string escape_markdown(std::string_view text);
/// For a CSV field (RFC 4180), quoted where needed. A text that a spreadsheet would take for a
/// formula gets a leading apostrophe.
std::string escape_csv(std::string_view text);
/// For a POSIX shell: quoted where needed.
std::string escape_shell(std::string_view text);

}  // namespace nety::reports
