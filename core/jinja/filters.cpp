#include "core/jinja/filters.h"

namespace nety::jinja {
namespace {

constexpr FilterRow kFilters[] = {
#define NETY_JINJA_FILTER(name, function) {name, filters::function},
#include "core/jinja/filters.def"
#undef NETY_JINJA_FILTER
};

}  // namespace

const FilterRow* find_filter(std::string_view name) {
  for (const FilterRow& row : kFilters)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace nety::jinja
