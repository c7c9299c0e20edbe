// value[key] and value[begin:end:step] as Python has them.
#pragma once

#include <optional>

#include "core/jinja/value.h"

namespace nety::jinja {

/// Nothing where Python raises TypeError or LookupError.
std::optional<Value> element_of(Heap& heap, const Value& value, const Value& key);
/// Bounds are whole numbers or None. Error: Failure.
Value slice(Heap& heap, const Value& value, const Value& begin, const Value& end,
            const Value& step);
/// The bounds of a Python slice of a sequence of `length`: slice.indices().
struct Indices {
  int64_t begin, end, step;
  /// How many they are.
  size_t count() const;
};
Indices indices_of(const Value& begin, const Value& end, const Value& step, size_t length);

}  // namespace nety::jinja
