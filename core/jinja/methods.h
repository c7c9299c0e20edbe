// Attributes that Python's own types have: methods, mostly.
#pragma once

#include <optional>
#include <span>

#include "core/jinja/value.h"

namespace nety::jinja {

/// getattr(value, name), as the sandbox allows it: what it forbids is undefined. Nothing where
/// Python raises AttributeError.
std::optional<Value> attribute_of(Heap& heap, const Value& value, std::string_view name);

/// Error: Failure.
Value call_method(Evaluator& evaluator, const Method& method, const Arguments& arguments);

/// Methods of str (string_methods.cpp, case_methods.cpp).
std::span<const MethodRow> string_methods();
std::span<const MethodRow> case_methods();

}  // namespace nety::jinja
