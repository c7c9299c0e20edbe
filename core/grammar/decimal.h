// Decimal numbers as they are written in a schema: exact, of any length up to a bound.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nety::grammar {

/// sign * 0.whole,fraction: digits before and behind the point, without zeros that say nothing.
struct Decimal {
  bool negative = false;
  std::string whole;     ///< "" for 0.
  std::string fraction;  ///< "" for integers.

  bool zero() const { return whole.empty() && fraction.empty(); }
};

/// A number of JSON. Nothing if it has more than `digits` digits in either part.
std::optional<Decimal> read_decimal(std::string_view text, size_t digits);
/// Below 0, 0 or above 0.
int compare(const Decimal& a, const Decimal& b);

}  // namespace nety::grammar
