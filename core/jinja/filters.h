// Filters, one row each in filters.def.
#pragma once

#include "core/jinja/value.h"

namespace nety::jinja {

struct FilterRow {
  std::string_view name;
  Value (*run)(Evaluator& evaluator, const Value& value, const Arguments& arguments);
};

/// Null if there is none of that name.
const FilterRow* find_filter(std::string_view name);

namespace filters {
#define NETY_JINJA_FILTER(name, function) \
  Value function(Evaluator& evaluator, const Value& value, const Arguments& arguments);
#include "core/jinja/filters.def"
#undef NETY_JINJA_FILTER
}  // namespace filters

}  // namespace nety::jinja
