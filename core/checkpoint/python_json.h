// JSON as Python's json module reads it. Its numbers go beyond RFC 8259: NaN, Infinity and whole
// numbers of any length, which transformers writes into configurations.
#pragma once

#include <string>
#include <string_view>

namespace nety::checkpoint {

/// The text as strict JSON: NaN and the infinities become strings that not_a_number() knows, whole
/// numbers beyond 64 bits become floating point.
std::string as_strict_json(std::string_view text);

/// "NaN", "Infinity" or "-Infinity" if a string of as_strict_json() stands for it, else empty.
std::string_view not_a_number(std::string_view string);

}  // namespace nety::checkpoint
