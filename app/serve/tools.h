// Tools as a request names them, as templates take them, and as answers call them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/serve/fields.h"
#include "core/jinja/data.h"

namespace nety::serve {

/// JSON for a template: every text is somebody else's.
jinja::Data data_of(const nlohmann::ordered_json& json);

/// "tools" and "tool_choice" of a request: the list for the template, or nothing. Error: ApiError
/// 400.
jinja::Data read_tools(Fields& fields);

/// "tool_calls" of an earlier answer, as templates take them: arguments are an object where they
/// are one as JSON. Error: ApiError 400.
jinja::Data read_tool_calls(const nlohmann::ordered_json& calls, const std::string& where);

/// A call as clients get it.
struct ToolCall {
  std::string name;
  std::string arguments;  ///< JSON
};

/// The calls that a model wrote: an object with "name" and "arguments" or "parameters", or a list
/// of those; nothing if it is anything else.
std::optional<std::vector<ToolCall>> parse_tool_calls(const std::string& text);

}  // namespace nety::serve
