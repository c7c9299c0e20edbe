// Python's int and float: arithmetic, order, and how they are written and read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/jinja/value.h"

namespace nety::jinja {

inline constexpr int kUnordered = 2;
/// -1, 0, 1, or kUnordered where one is not a number.
int order_of(const Value& a, const Value& b);

/// + - * / // % ** of two numbers. Error: Failure for a division by zero, and for results beyond 64
/// bits, which Python has and we have not.
Value arithmetic(std::string_view word, const Value& a, const Value& b);

/// repr(): "0.1", "1e+16", "nan".
std::string repr_of(double value);
/// int(text, base) and float(text).
std::optional<int64_t> integer_in(std::string_view text, int base = 10);
std::optional<double> real_in(std::string_view text);
/// int(value). Error: Failure for what is no number or does not fit.
int64_t truncated(double value);
/// round(value, digits), half to even of what the binary number really is.
double rounded(double value, int64_t digits);
/// A number with that many digits behind the point: "%.2f".
std::string fixed(double value, int digits);

}  // namespace nety::jinja
