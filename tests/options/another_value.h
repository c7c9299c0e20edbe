// For tests that visit the list of options: a value of the same type that is not the one given.
#pragma once

#include "core/options/run_options.h"

namespace nety::options {

inline std::string another_value(const std::string& value) { return value + "x"; }
inline int64_t another_value(int64_t value) { return value + 3; }
inline bool another_value(bool value) { return !value; }
template <WordSet Set>
Set another_value(Set value) {
  const size_t next = static_cast<size_t>(value) + 1;
  return static_cast<Set>(next % words_of(value).size());
}

}  // namespace nety::options
