// Numbers within bounds, digit by digit.
#pragma once

#include <cstdint>
#include <optional>

#include "core/grammar/builder.h"
#include "core/grammar/decimal.h"

namespace nety::grammar {

struct Bound {
  Decimal value;
  bool exclusive = false;
};

struct NumberRange {
  std::optional<Bound> least, most;
  bool integer = false;
  int32_t multiple = 1;  ///< Integers only: a multiple of it.

  bool unbounded() const { return !least && !most && multiple == 1; }
};

inline constexpr size_t kLongestBound = 60;  ///< Digits of either part.

/// A rule for the numbers of a range, written without an exponent. Integers have up to 20 digits
/// more than the bounds, other numbers up to 15 digits or as many as the bounds, so that a reader's
/// double stays within the bounds. A range without numbers gives a rule without texts.
int32_t add_number_range(Builder& builder, const NumberRange& range);

/// Whether a number as written in JSON is within the range.
bool admits(const NumberRange& range, std::string_view number);

}  // namespace nety::grammar
