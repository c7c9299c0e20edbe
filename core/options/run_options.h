// How to run a model: one struct made from one list, which everything that passes options on
// visits. A new option is a row of run_options.def and the place that uses it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/options/words.h"

namespace nety::options {

/// Zeros and empty words mean the default.
struct RunOptions {
#define NETY_OPTION(type, name, initial, ...) type name = initial;
#include "core/options/run_options.def"
#undef NETY_OPTION
  bool operator==(const RunOptions&) const = default;
};

/// What an option is about. Commands offer options by role.
enum Role : unsigned {
  kChosen = 1,     ///< What runs: the policy chooses where nothing is said; benchmarks have lists.
  kPlanned = 2,    ///< Offered where memory is planned and nothing runs.
  kCondition = 4,  ///< Changes figures: a measurement under another value is not the usual one.
  kPolicy = 8,     ///< How the policy chooses: offered where it is asked.
};

/// What an option may be set to.
struct Values {
  enum class Kind : uint8_t {
    kText,   ///< Any text; who uses it refuses what it does not know.
    kNames,  ///< One of the names that a table of another layer has.
    kWords,  ///< One of the words of its type.
    kRange,  ///< A whole number in [least, most].
  };
  Kind kind = Kind::kText;
  int64_t least = 0, most = 0;
};

struct OptionRow {
  std::string_view name;  ///< As protocols and results call it: "context".
  std::string_view flag;  ///< As the command line does: "--ctx".
  unsigned roles = 0;
  Values values;
  std::string_view help;

  bool has(unsigned some_of) const { return (roles & some_of) != 0; }
};

namespace rows {
inline constexpr Values kText{Values::Kind::kText}, kNames{Values::Kind::kNames},
    kWords{Values::Kind::kWords};
constexpr Values between(int64_t least, int64_t most) {
  return {Values::Kind::kRange, least, most};
}
#define NETY_OPTION(type, name, initial, flag, roles, values, help) \
  inline constexpr OptionRow name{#name, flag, roles, values, help};
#include "core/options/run_options.def"
#undef NETY_OPTION
}  // namespace rows

/// Calls visitor(row, value) for every option of `options`, which may be const.
template <class Options, class Visitor>
void visit(Options& options, Visitor&& visitor) {
#define NETY_OPTION(type, name, ...) visitor(rows::name, options.name);
#include "core/options/run_options.def"
#undef NETY_OPTION
}

/// A value as the command line takes it.
std::string text_of(const std::string& value);
std::string text_of(int64_t value);
std::string text_of(bool value);
template <WordSet Set>
std::string text_of(Set value) {
  return std::string(words_of(value)[static_cast<size_t>(value)]);
}

/// The member of a set with that word; nothing if there is none.
template <WordSet Set>
std::optional<Set> member_of(std::string_view word) {
  const auto words = words_of(Set{});
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<Set>(i);
  return std::nullopt;
}

/// Sets a value from a text of the command line; false if it is none of that type.
bool read_text(std::string_view text, std::string& value);
bool read_text(std::string_view text, int64_t& value);
bool read_text(std::string_view text, bool& value);
template <WordSet Set>
bool read_text(std::string_view text, Set& value) {
  const std::optional<Set> member = member_of<Set>(text);
  value = member.value_or(value);
  return member.has_value();
}

/// The options of role kCondition that are not at their defaults, by name: what a row of results
/// says of how it was measured. Empty: under the conditions in which models are run.
std::map<std::string, std::string> conditions(const RunOptions& options);

}  // namespace nety::options
