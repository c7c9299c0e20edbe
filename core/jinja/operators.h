// Python's operators.
#pragma once

#include <string_view>

#include "core/jinja/value.h"

namespace nety::jinja {

/// bool(value).
bool truth(const Value& value);
/// a == b; never fails, but for what is nested too deep.
bool equal(Heap& heap, const Value& a, const Value& b);
/// a < b. Error: Failure for values without an order.
bool less(Heap& heap, const Value& a, const Value& b);
/// "==", "<", "not in" ...
bool compare(Heap& heap, std::string_view word, const Value& a, const Value& b);
/// item in container. Error: Failure.
bool contains(Heap& heap, const Value& container, const Value& item);
/// "+", "//" ... Error: Failure; also for integers beyond 64 bits.
Value binary(Heap& heap, std::string_view word, const Value& a, const Value& b);
Value negative(const Value& value);
Value positive(const Value& value);
/// Says that the value is undefined, if it is. Error: Failure.
void expect_defined(const Value& value);

}  // namespace nety::jinja
