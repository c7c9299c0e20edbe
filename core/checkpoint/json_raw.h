// simdjson's view of a JsonObject, for the few files that walk one themselves.
#pragma once

// Not for headers that others include: it takes long to parse, and its layout depends on its build
// flags.
#include <simdjson.h>

#include <bit>
#include <string>

#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

static_assert(sizeof(JsonObject::Place) == sizeof(simdjson::dom::object));

inline simdjson::dom::object raw(const JsonObject& object) {
  return std::bit_cast<simdjson::dom::object>(object.place());
}

inline JsonObject::Place place_of(const simdjson::dom::object& object) {
  return std::bit_cast<JsonObject::Place>(object);
}

}  // namespace nety::checkpoint
