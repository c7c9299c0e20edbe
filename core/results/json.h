// Result files as JSON text. The published JSON Schema is docs/schema/nety.results-1.json.
#pragma once

#include <string>
#include <string_view>

#include "core/results/results.h"

namespace nety::results {

/// What `schema` says in every file this version writes, and the only one it reads.
inline constexpr std::string_view kSchema = "nety.results/1";

/// The whole file, indented, ending in a newline. Always valid JSON: a number that is not finite is
/// null (and its metric gets a reason), bytes that are not UTF-8 become U+FFFD.
std::string to_json(const File& file);

/// Reads what to_json wrote, or a file of a later minor extension: unknown keys are ignored, absent
/// ones keep their defaults. `source` names the text in errors.
/// Error: kUsage if it is not JSON, not of this schema, or a value has the wrong type or an unknown
/// word; the message names the place ("results[3].status").
File from_json(std::string_view text, const std::string& source);

}  // namespace nety::results
