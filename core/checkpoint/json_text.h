// JSON written by hand where documents are too large or too ordered for a library.
#pragma once

#include <string>
#include <string_view>

namespace nety::checkpoint {

/// `text` (valid UTF-8) as a JSON string, in quotes.
std::string json_string(std::string_view text);

}  // namespace nety::checkpoint
