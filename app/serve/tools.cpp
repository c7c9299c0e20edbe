#include "app/serve/tools.h"

#include <fmt/core.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/serve/api_error.h"
#include "app/serve/json_text.h"

namespace nety::serve {
namespace {

using json = nlohmann::ordered_json;
using jinja::Data;

constexpr size_t kMostTools = 128;

/// Whether a request lets a tool be called.
bool read_choice(Fields& fields) {
  const json* choice = fields.find("tool_choice");
  if (choice == nullptr || *choice == "auto") return true;
  if (*choice == "none") return false;
  throw ApiError(400, "unsupported_parameter",
                 "tool_choice: only none and auto are supported: a call cannot be made sure of yet",
                 "tool_choice");
}

void check_tool(const json& tool, const std::string& where) {
  Fields fields(tool, where);
  if (fields.text("type").value_or("") != "function")
    refuse_value(where + ".type", "only functions can be called");
  const json* function = fields.find("function");
  if (function == nullptr) refuse_value(where + ".function", "an object is needed");
  Fields inner(*function, where + ".function");
  if (inner.text("name").value_or("").empty())
    refuse_value(where + ".function.name", "a name is needed");
  fields.refuse_others();
}

/// An object where the text is one as JSON, else the text.
json arguments_of(const std::string& text) {
  const json parsed = json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : json(text);
}

std::optional<ToolCall> call_of(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto name = object.find("name");
  auto arguments = object.find("arguments");
  if (arguments == object.end()) arguments = object.find("parameters");
  if (name == object.end() || !name->is_string() || arguments == object.end()) return std::nullopt;
  return ToolCall{name->get<std::string>(),
                  arguments->is_string() ? arguments->get<std::string>() : text_of(*arguments)};
}

}  // namespace

Data data_of(const json& value) {
  if (value.is_boolean()) return {value.get<bool>()};
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return {value.get<double>()};
  if (value.is_number_integer()) return {value.get<int64_t>()};
  if (value.is_number_float()) return {value.get<double>()};
  if (value.is_string()) return {jinja::DataText{value.get<std::string>(), true}};
  if (value.is_array()) {
    Data::List list;
    for (const json& one : value) list.push_back(data_of(one));
    return {std::move(list)};
  }
  if (!value.is_object()) return {};
  Data::Object object;
  for (const auto& [name, member] : value.items()) object.push_back({name, data_of(member)});
  return {std::move(object)};
}

Data read_tools(Fields& fields) {
  const bool wanted = read_choice(fields);
  const json* tools = fields.find("tools");
  if (tools == nullptr) return {};
  if (!tools->is_array() || tools->size() > kMostTools)
    refuse_value("tools", fmt::format("a list of at most {} tools is needed", kMostTools));
  for (size_t i = 0; i < tools->size(); ++i) check_tool((*tools)[i], fmt::format("tools[{}]", i));
  return wanted && !tools->empty() ? data_of(*tools) : Data{};
}

Data read_tool_calls(const json& calls, const std::string& where) {
  if (!calls.is_array() || calls.size() > kMostTools)
    refuse_value(where, fmt::format("a list of at most {} calls is needed", kMostTools));
  json made = json::array();
  for (size_t i = 0; i < calls.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", where, i);
    Fields fields(calls[i], place);
    const std::string id = fields.text("id").value_or("");
    const json* function = fields.find("function");
    if (function == nullptr) refuse_value(place + ".function", "an object is needed");
    Fields inner(*function, place + ".function");
    const std::string name = inner.text("name").value_or("");
    if (name.empty()) refuse_value(place + ".function.name", "a name is needed");
    const std::string arguments = inner.text("arguments").value_or("");
    made.push_back({{"id", id},
                    {"type", "function"},
                    {"function", {{"name", name}, {"arguments", arguments_of(arguments)}}}});
    fields.ignore({"type", "index"});
    fields.refuse_others();
    inner.refuse_others();
  }
  return made.empty() ? Data{} : data_of(made);
}

std::optional<std::vector<ToolCall>> parse_tool_calls(const std::string& text) {
  const json parsed = json::parse(text, nullptr, false);
  std::vector<ToolCall> calls;
  for (const json& one : parsed.is_array() ? parsed : json::array({parsed})) {
    std::optional<ToolCall> call = call_of(one);
    if (!call) return std::nullopt;
    calls.push_back(*std::move(call));
  }
  if (calls.empty()) return std::nullopt;
  return calls;
}

}  // namespace nety::serve
