// Reading the small texts of /proc and /sys: lines, words, "key: value", numbers. Nothing throws;
// what does not parse is absent.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine/machine.h"

namespace nety::machine {

/// Without white space at either end.
std::string_view trimmed(std::string_view text);
/// The parts between separators; empty parts are left out.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Trimmed, with every run of white space or control characters as one space.
std::string single_spaced(std::string_view text);
/// The value of the first line "key<separator>value" of a file, trimmed; empty if there is none.
std::string value_of(const Answer<std::string>& file, std::string_view key, char separator);
/// The number that is the whole text, up to white space around it and, if given, a `unit` after it.
std::optional<uint64_t> number_in(std::string_view text, std::string_view unit = {});
/// The same with a sign: cgroup v1 says -1 for "no quota".
std::optional<int64_t> signed_number_in(std::string_view text);

}  // namespace nety::machine
