// What a probe gets from a machine.
#pragma once

#include <optional>
#include <string>

namespace nety::machine {

/// The answer to a probe: a value, or why there is none ("missing", "denied", the system's words).
/// Unknown is never 0.
template <class T>
struct Answer {
  std::optional<T> value;
  std::string reason;  ///< Set where value is not.
  explicit operator bool() const { return value.has_value(); }
};

}  // namespace nety::machine
