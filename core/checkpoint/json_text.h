// JSON text for documents that are written piece by piece, because of their size or order.
#pragma once

#include <string>
#include <string_view>

namespace nety::checkpoint {

/// `text` (valid UTF-8) as a JSON string, in quotes.
std::string json_string(std::string_view text);

}  // namespace nety::checkpoint
