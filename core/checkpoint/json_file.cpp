// simdjson's DOM behind messages that people can act on.
#include "core/checkpoint/json_file.h"

#include <fmt/core.h>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

namespace dom = simdjson::dom;

/// A value fit for a message: `"12" (a string)`, `[1, 2]`, `null`.
std::string describe(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return shown(std::string_view(value)) + " (a string)";
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::ARRAY:
      return "a list";
    default:
      return simdjson::minify(value);
  }
}

std::string range_text(int64_t least, int64_t most) {
  return fmt::format("a whole number from {} to {}", least, most);
}

}  // namespace

std::optional<dom::element> JsonObject::find(std::string_view key) const {
  dom::element value;
  if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

bool JsonObject::is_null(std::string_view key) const {
  dom::element value;
  return object_.at_key(key).get(value) == simdjson::SUCCESS && value.is_null();
}

void JsonObject::refuse_value(std::string_view key, std::string_view needed) const {
  dom::element value;
  const bool present = object_.at_key(key).get(value) == simdjson::SUCCESS;
  refuse(*file_,
         fmt::format("{} is {}; {} is needed", shown(path_of(key)),
                     present ? describe(value) : "missing", needed),
         "Correct the value or download the file again.");
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
  const std::optional<dom::element> value = find(key);
  if (!value) return std::nullopt;
  dom::object inner;
  if (value->get(inner) != simdjson::SUCCESS) refuse_value(key, "an object");
  return JsonObject(*file_, path_of(key) + ".", inner);
}

std::optional<int64_t> JsonObject::integer(std::string_view key, int64_t least,
                                           int64_t most) const {
  const std::optional<dom::element> value = find(key);
  if (!value) return std::nullopt;
  int64_t number = 0;
  const bool whole = value->get(number) == simdjson::SUCCESS;
  if (!whole || number < least || number > most) refuse_value(key, range_text(least, most));
  return number;
}

int64_t JsonObject::required_integer(std::string_view key, int64_t least, int64_t most) const {
  const std::optional<int64_t> number = integer(key, least, most);
  if (!number) refuse_value(key, range_text(least, most));
  return *number;
}

std::optional<double> JsonObject::number(std::string_view key) const {
  const std::optional<dom::element> value = find(key);
  if (!value) return std::nullopt;
  double number = 0;
  if (value->get(number) != simdjson::SUCCESS) refuse_value(key, "a number");
  return number;
}

std::optional<bool> JsonObject::boolean(std::string_view key) const {
  const std::optional<dom::element> value = find(key);
  if (!value) return std::nullopt;
  bool flag = false;
  if (value->get(flag) != simdjson::SUCCESS) refuse_value(key, "true or false");
  return flag;
}

std::optional<std::string> JsonObject::string(std::string_view key) const {
  const std::optional<dom::element> value = find(key);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) refuse_value(key, "a string");
  return std::string(text);
}

std::vector<int64_t> JsonObject::integers(std::string_view key, int64_t least, int64_t most) const {
  const std::optional<dom::element> value = find(key);
  if (!value) return {};
  if (!value->is_array()) return {*integer(key, least, most)};
  std::vector<int64_t> numbers;
  for (const dom::element item : dom::array(*value)) {
    int64_t number = 0;
    const bool whole = item.get(number) == simdjson::SUCCESS;
    if (!whole || number < least || number > most)
      refuse_value(key, range_text(least, most) + ", or a list of them,");
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<std::string> JsonObject::strings(std::string_view key) const {
  const std::optional<dom::element> value = find(key);
  if (!value) return {};
  if (!value->is_array()) refuse_value(key, "a list of strings");
  std::vector<std::string> texts;
  for (const dom::element item : dom::array(*value)) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) refuse_value(key, "a list of strings");
    texts.emplace_back(text);
  }
  return texts;
}

JsonFile::JsonFile(std::filesystem::path path, std::string_view text)
    : path_(std::make_unique<std::filesystem::path>(std::move(path))),
      parser_(std::make_unique<dom::parser>()) {
  const simdjson::padded_string padded(text);
  dom::element root;
  if (const simdjson::error_code code = parser_->parse(padded).get(root); code != simdjson::SUCCESS)
    refuse(*path_, fmt::format("is not valid JSON: {}", simdjson::error_message(code)),
           "Correct the file or download it again.");
  if (root.get(root_) != simdjson::SUCCESS) refuse(*path_, "is JSON, but not an object");
}

}  // namespace nety::checkpoint
