// Patterns over characters: a subset of ECMA-262's regular expressions, as automata.
//
// Known: characters, `.`, classes with ranges, \d \w \s and their opposites, \t \n \v \f \r \0 \xHH
// \uHHHH \u{H...}, groups, `|`, `* + ? {m} {m,} {m,n}` (lazy or not), `^` and `$`. Refused by name:
// looking around, references to groups, \b, \p and flags.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/grammar/char_set.h"

namespace nety::grammar {

/// A nondeterministic automaton: it accepts a text whose some part, from any state reached, gets to
/// `final`.
struct PatternNfa {
  enum class Kind : uint8_t {
    kEmpty,
    kSet,
    kBegin,  ///< Passable before the first character only,
    kEnd,    ///< and after the last.
  };
  struct Edge {
    Kind kind;
    int32_t set;  ///< kSet: index into `sets`.
    int32_t target;
  };
  std::vector<std::vector<Edge>> states;
  std::vector<CharSet> sets;
  int32_t start = 0, final = 0;
};

/// A text that has a part which matches, as JSON Schema reads "pattern". `where` stands in
/// messages. Error: kUsage for what is not known, or larger than limits.h allows.
PatternNfa read_pattern(std::string_view pattern, std::string_view where);

/// As `most`: no limit.
inline constexpr int64_t kUnboundedLength = INT32_MAX;
/// Texts of `least` to `most` characters. Error: kUsage beyond limits.h.
PatternNfa length_pattern(int64_t least, int64_t most, std::string_view where);

/// One of `texts` (valid UTF-8).
PatternNfa texts_pattern(const std::vector<std::string_view>& texts, std::string_view where);

/// The characters of a class's escape, 'd', 'w' or 's'.
CharSet class_of_letter(char letter);

}  // namespace nety::grammar
