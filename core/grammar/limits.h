// What compiling a schema or a grammar may take. Schemas come with requests and may be hostile: one
// cannot hang the program or exhaust its memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nety::grammar {

inline constexpr size_t kMostSourceBytes = 4 << 20;    ///< Of a schema's or a grammar's text.
inline constexpr int32_t kDeepestSource = 128;         ///< Values or groups inside one another.
inline constexpr int32_t kMostStates = 300'000;        ///< Of the automaton,
inline constexpr int32_t kMostEdges = 1'000'000;       ///< its edges,
inline constexpr int32_t kMostRules = 20'000;          ///< and its rules.
inline constexpr int64_t kMostSteps = 20'000'000;      ///< Of reading schemas and patterns.
inline constexpr int32_t kMostPatternStates = 10'000;  ///< Of one pattern.
inline constexpr int32_t kLongestNumber = 200;         ///< Digits of a number without bounds.

}  // namespace nety::grammar
