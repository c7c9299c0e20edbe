// Wraps simdjson's DOM, for error messages that name file, key and value.
#include "core/checkpoint/json_file.h"

#include <fmt/core.h>

#include "core/checkpoint/json_raw.h"
#include "core/checkpoint/python_json.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

namespace dom = simdjson::dom;

/// A value fit for a message: `"12" (a string)`, `[1, 2]`, `null`.
std::string describe(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      if (const std::string_view number = not_a_number(std::string_view(value)); !number.empty())
        return std::string(number);
      return shown(std::string_view(value)) + " (a string)";
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::ARRAY:
      return "a list";
    default:
      return simdjson::minify(value);
  }
}

std::optional<dom::element> find(const JsonObject& object, std::string_view key) {
  dom::element value;
  if (raw(object).at_key(key).get(value) != simdjson::SUCCESS || value.is_null())
    return std::nullopt;
  return value;
}

std::string range_text(int64_t least, int64_t most) {
  return fmt::format("a whole number from {} to {}", least, most);
}

}  // namespace

bool JsonObject::has(std::string_view key) const { return find(*this, key).has_value(); }

bool JsonObject::empty() const { return raw(*this).size() == 0; }

template <class T>
std::optional<T> JsonObject::read(std::string_view key, std::string_view needed) const {
  const std::optional<dom::element> value = find(*this, key);
  if (!value) return std::nullopt;
  T found{};
  if (value->get(found) == simdjson::SUCCESS) return found;
  leave_out(key, needed);
  return std::nullopt;
}

bool JsonObject::is_null(std::string_view key) const {
  dom::element value;
  return raw(*this).at_key(key).get(value) == simdjson::SUCCESS && value.is_null();
}

bool JsonObject::is_string(std::string_view key) const {
  const std::optional<dom::element> value = find(*this, key);
  return value && value->is_string();
}

std::string JsonObject::unusable(std::string_view key, std::string_view needed) const {
  dom::element value;
  const bool present = raw(*this).at_key(key).get(value) == simdjson::SUCCESS;
  return fmt::format("{} is {}; {} is needed", shown(path_of(key)),
                     present ? describe(value) : "missing", needed);
}

void JsonObject::refuse_value(std::string_view key, std::string_view needed) const {
  refuse(*file_, unusable(key, needed), "Correct the value or download the file again.");
}

void JsonObject::leave_out(std::string_view key, std::string_view needed) const {
  if (ignored_ == nullptr) refuse_value(key, needed);
  ignored_->push_back(unusable(key, needed));
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
  const std::optional<dom::element> value = find(*this, key);
  dom::object inner;
  if (!value) return std::nullopt;
  if (value->get(inner) == simdjson::SUCCESS) {
    JsonObject found(*file_, path_of(key) + ".", place_of(inner));
    found.ignored_ = ignored_;
    return found;
  }
  leave_out(key, "an object");
  return std::nullopt;
}

std::optional<int64_t> JsonObject::integer(std::string_view key, int64_t least,
                                           int64_t most) const {
  const std::optional<dom::element> value = find(*this, key);
  if (!value) return std::nullopt;
  int64_t number = 0;
  const bool whole = value->get(number) == simdjson::SUCCESS;
  if (whole && number >= least && number <= most) return number;
  leave_out(key, range_text(least, most));
  return std::nullopt;
}

int64_t JsonObject::required_integer(std::string_view key, int64_t least, int64_t most) const {
  const std::optional<int64_t> number = integer(key, least, most);
  if (!number) refuse_value(key, range_text(least, most));
  return *number;
}

std::optional<double> JsonObject::number(std::string_view key) const {
  return read<double>(key, "a number");
}

std::optional<bool> JsonObject::boolean(std::string_view key) const {
  return read<bool>(key, "true or false");
}

std::optional<std::string> JsonObject::string(std::string_view key) const {
  const std::optional<std::string_view> text = read<std::string_view>(key, "a string");
  if (!text) return std::nullopt;
  if (not_a_number(*text).empty()) return std::string(*text);
  leave_out(key, "a string");
  return std::nullopt;
}

std::vector<int64_t> JsonObject::integers(std::string_view key, int64_t least, int64_t most) const {
  const std::optional<dom::element> value = find(*this, key);
  if (!value) return {};
  std::vector<int64_t> numbers;
  if (!value->is_array()) {
    if (const std::optional<int64_t> one = integer(key, least, most)) numbers.push_back(*one);
    return numbers;
  }
  for (const dom::element item : dom::array(*value)) {
    int64_t number = 0;
    const bool whole = item.get(number) == simdjson::SUCCESS;
    if (!whole || number < least || number > most) {
      leave_out(key, range_text(least, most) + ", or a list of them,");
      return {};
    }
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<std::string> JsonObject::strings(std::string_view key) const {
  const std::optional<dom::element> value = find(*this, key);
  if (!value) return {};
  std::vector<std::string> texts;
  bool good = value->is_array();
  if (good)
    for (const dom::element item : dom::array(*value)) {
      std::string_view text;
      good = good && item.get(text) == simdjson::SUCCESS && not_a_number(text).empty();
      texts.emplace_back(text);
    }
  if (good) return texts;
  leave_out(key, "a list of strings");
  return {};
}

JsonFile::JsonFile(std::filesystem::path path, std::string_view text)
    : path_(std::make_unique<std::filesystem::path>(std::move(path))),
      parser_(std::make_shared<dom::parser>()) {
  const simdjson::padded_string padded(as_strict_json(text));
  dom::element root;
  const auto parser = std::static_pointer_cast<dom::parser>(parser_);
  if (const simdjson::error_code code = parser->parse(padded).get(root); code != simdjson::SUCCESS)
    refuse(*path_, fmt::format("is not valid JSON: {}", simdjson::error_message(code)),
           "Correct the file or download it again.");
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) refuse(*path_, "is JSON, but not an object");
  root_ = place_of(object);
}

}  // namespace nety::checkpoint
