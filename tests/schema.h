// The published schema, and a small validator of the keywords that it uses, which also compares
// keys both ways: what we write is what it says, no more and no less.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace nety::results {

/// docs/schema, as a JSON value.
nlohmann::json schema();

/// What is wrong with a result file; empty: nothing.
std::vector<std::string> problems_of(const std::string& text);

/// What is wrong with a file of lines, by line. Each is an entry of one of the file's lists and
/// says which in `type`; the header is the file without those lists, and comes first.
std::vector<std::string> problems_of_lines(const std::string& text);

}  // namespace nety::results
