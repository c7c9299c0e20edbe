#include "app/serve/fields.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/serve/api_error.h"

namespace nety::serve {

using json = nlohmann::ordered_json;  // a schema's properties have an order

namespace {

/// A whole number as JSON Schema has it: 5.0 is one, where a double holds it exactly.
std::optional<int64_t> whole_of(const json& value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (value.is_number_float()) {
    const double number = value.get<double>();
    const bool whole = std::abs(number) <= kExact && std::trunc(number) == number;
    return whole ? std::optional(static_cast<int64_t>(number)) : std::nullopt;
  }
  if (!value.is_number_integer()) return std::nullopt;
  // An unsigned number beyond int64_t would come out negative.
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
  return value.get<int64_t>();
}

}  // namespace

nlohmann::ordered_json parse_json(const std::string& text) {
  // Objects keep their order in a list, which is searched for every field that comes.
  std::array<int, kDeepest + 2> fields{};
  const auto bounded = [&](int depth, json::parse_event_t event, json&) {
    if (depth > kDeepest)
      throw ApiError(400, "invalid_json",
                     fmt::format("the JSON is nested deeper than {} levels", kDeepest));
    int& count = fields.at(static_cast<size_t>(depth));
    if (event == json::parse_event_t::object_end) fields.at(static_cast<size_t>(depth) + 1) = 0;
    if (event == json::parse_event_t::key && ++count > kMostFields)
      throw ApiError(400, "invalid_json",
                     fmt::format("an object has more than {} fields", kMostFields));
    return true;
  };
  try {
    return json::parse(text, bounded);
  } catch (const json::exception& error) {
    throw ApiError(400, "invalid_json", fmt::format("the body is not JSON: {}", error.what()));
  }
}

void refuse_value(const std::string& field, const std::string& why) {
  throw ApiError(400, "invalid_value", fmt::format("{}: {}", field, why), field);
}

Fields::Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object())
    refuse_value(where_.empty() ? "the body" : where_, "an object is needed");
}

std::string Fields::path(std::string_view name) const {
  return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

const json* Fields::find(std::string_view name) {
  known_.emplace(name);
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> Fields::text(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse_value(path(name), "a text is needed");
  return value->get<std::string>();
}

std::optional<double> Fields::number(std::string_view name, double least, double most) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : NAN;
  if (!(number >= least && number <= most))
    refuse_value(path(name), fmt::format("a number from {} to {} is needed", least, most));
  return number;
}

std::optional<int64_t> Fields::whole(std::string_view name, int64_t least, int64_t most) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<int64_t> number = whole_of(*value);
  if (!number || *number < least || *number > most)
    refuse_value(path(name), fmt::format("a whole number from {} to {} is needed", least, most));
  return number;
}

std::optional<bool> Fields::flag(std::string_view name) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) refuse_value(path(name), "true or false is needed");
  return value->get<bool>();
}

void Fields::ignore(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) known_.emplace(name);
}

void Fields::refuse(std::string_view name, const std::string& why) {
  const json* value = find(name);
  if (value == nullptr) return;
  const bool nothing = (value->is_boolean() && !value->get<bool>()) ||
                       (value->is_number() && value->get<double>() == 0) ||
                       (value->is_string() && value->get_ref<const std::string&>().empty()) ||
                       (value->is_structured() && value->empty());
  if (!nothing)
    throw ApiError(400, "unsupported_parameter", fmt::format("{}: {}", path(name), why),
                   path(name));
}

void Fields::refuse_unless(std::string_view name, std::string_view fine, const std::string& why) {
  const json* value = find(name);
  if (value != nullptr && value->is_string() && value->get_ref<const std::string&>() == fine)
    return;
  refuse(name, why);
}

void Fields::refuse_others() const {
  for (const auto& [name, value] : object_.items())
    if (!known_.contains(name))
      throw ApiError(400, "unknown_parameter",
                     fmt::format("{}: there is no such field", path(name)), path(name));
}

}  // namespace nety::serve
