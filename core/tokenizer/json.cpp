// simdjson reports errors by code here: its exceptions do not say where.
#include "core/tokenizer/json.h"

#include <fmt/core.h>

#include "core/tokenizer/refuse.h"

namespace nety::tokenizer {

Json::Json(simdjson::dom::element element, std::string path, const std::string& source)
    : element_(element), path_(std::move(path)), source_(&source) {}

void Json::fail(std::string_view what) const {
  refuse(*source_, path_.empty() ? std::string(what) : fmt::format("{}: {}", path_, what));
}

void Json::fail_damaged(std::string_view what) const {
  refuse(*source_, path_.empty() ? std::string(what) : fmt::format("{}: {}", path_, what),
         kDamaged);
}

std::optional<Json> Json::find(std::string_view key) const {
  simdjson::dom::element member;
  if (object()[key].get(member) != simdjson::SUCCESS || member.is_null()) return std::nullopt;
  return Json(member, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key),
              *source_);
}

Json Json::at(std::string_view key) const {
  std::optional<Json> member = find(key);
  if (!member) fail_damaged(fmt::format("\"{}\" is missing", key));
  return *std::move(member);
}

std::vector<Json> Json::items() const {
  std::vector<Json> list;
  for (const simdjson::dom::element item : array())
    list.emplace_back(item, fmt::format("{}[{}]", path_, list.size()), *source_);
  return list;
}

std::string_view Json::text() const {
  std::string_view value;
  if (element_.get(value) != simdjson::SUCCESS) fail_damaged("is not a string");
  return value;
}

bool Json::flag() const {
  bool value = false;
  if (element_.get(value) != simdjson::SUCCESS) fail_damaged("is neither true nor false");
  return value;
}

int64_t Json::integer() const {
  int64_t value = 0;
  if (element_.get(value) != simdjson::SUCCESS) fail_damaged("is not an integer");
  return value;
}

double Json::number() const {
  double value = 0;
  if (element_.get(value) != simdjson::SUCCESS) fail_damaged("is not a number");
  return value;
}

simdjson::dom::object Json::object() const {
  simdjson::dom::object value;
  if (element_.get(value) != simdjson::SUCCESS) fail_damaged("is not an object");
  return value;
}

simdjson::dom::array Json::array() const {
  simdjson::dom::array value;
  if (element_.get(value) != simdjson::SUCCESS) fail_damaged("is not an array");
  return value;
}

std::string_view Json::text_or(std::string_view key, std::string_view otherwise) const {
  const std::optional<Json> member = find(key);
  return member ? member->text() : otherwise;
}

bool Json::flag_or(std::string_view key, bool otherwise) const {
  const std::optional<Json> member = find(key);
  return member ? member->flag() : otherwise;
}

}  // namespace nety::tokenizer
