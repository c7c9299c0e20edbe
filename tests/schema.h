// The published schemas, and a small validator of the keywords that they use, which also compares
// keys both ways: what we write is what it says, no more and no less.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace nety::results {

/// The schema of docs/schema with that name.
nlohmann::json schema(std::string name = "nety.results/1");

/// What is wrong with a file by the schema that it names; empty: nothing.
std::vector<std::string> problems_of(const std::string& text);

/// What is wrong with a file of lines, by line. Each is an entry of one of the file's lists and
/// says which in `type`; the header is the file without those lists, and comes first.
std::vector<std::string> problems_of_lines(const std::string& text);

}  // namespace nety::results
