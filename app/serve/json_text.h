// JSON as text, on one line.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace nety::serve {

/// Texts that are no UTF-8 (the name of a file may be anything) are mended, not refused.
inline std::string text_of(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace nety::serve
