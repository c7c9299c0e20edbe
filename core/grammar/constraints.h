// What the keywords of several schemas say together about one value, by type.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/grammar/automaton.h"
#include "core/grammar/char_dfa.h"
#include "core/grammar/conjunction.h"
#include "core/grammar/number_range.h"

namespace nety::grammar {

using Members = std::span<const Value* const>;

/// Types as a set of bits. Integers and numbers that are none are apart.
namespace types {
inline constexpr uint8_t kNull = 1, kBoolean = 2, kInteger = 4, kFraction = 8, kString = 16,
                         kArray = 32, kObject = 64, kAll = 127;
}  // namespace types

/// Errors of all: kUsage for values that a keyword cannot have, or that cannot be honoured.
uint8_t types_of(Members members);
/// The type of a value, as a bit.
uint8_t type_of(const Value& value);

/// The values that every enum and const allows; nothing if there is neither.
std::optional<std::vector<const Value*>> values_of(Members members, Conjoiner& conjoiner);

struct TextConstraints {
  int32_t least = 0, most = kUnbounded;
  std::vector<PatternNfa> patterns;  ///< All must match.
  std::string where;                 ///< The first keyword that gave one.

  bool plain() const { return patterns.empty(); }
  CharDfa dfa() const;
  /// The labels of a text that all patterns match.
  CharDfa::Labels all() const { return (CharDfa::Labels{1} << patterns.size()) - 1; }
};
TextConstraints text_constraints(Members members);

NumberRange number_range(Members members);

/// The number of characters of a text (valid UTF-8).
int64_t characters_in(std::string_view text);

/// Whether any member has one of these keywords.
bool any_has(Members members, std::span<const std::string_view> keywords);
std::span<const std::string_view> object_keywords();
std::span<const std::string_view> array_keywords();

}  // namespace nety::grammar
