// Variables of a template, from JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "core/jinja/data.h"

namespace nety::jinja {

/// `foreign`: all texts in it count as somebody else's.
inline Data data_of(const nlohmann::ordered_json& json, bool foreign = false) {
  if (json.is_boolean()) return {json.get<bool>()};
  if (json.is_number_integer()) return {json.get<int64_t>()};
  if (json.is_number()) return {json.get<double>()};
  if (json.is_string()) return {DataText{json.get<std::string>(), foreign}};
  if (json.is_array()) {
    Data::List list;
    for (const auto& one : json) list.push_back(data_of(one, foreign));
    return {std::move(list)};
  }
  if (json.is_object()) {
    Data::Object object;
    for (const auto& [name, one] : json.items()) object.push_back({name, data_of(one, foreign)});
    return {std::move(object)};
  }
  return {};
}

}  // namespace nety::jinja
