// A pattern as a tree.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "core/grammar/char_set.h"

namespace nety::grammar {

struct PatternNode {
  enum class Kind : uint8_t { kEmpty, kSet, kBegin, kEnd, kSequence, kChoice, kRepeat };
  Kind kind = Kind::kEmpty;
  CharSet set{};                            ///< kSet.
  std::vector<const PatternNode*> parts{};  ///< kSequence, kChoice; kRepeat: one.
  int64_t least = 0, most = 0;              ///< kRepeat; `most` -1: any number.
};

/// The tree of a pattern, its nodes in `nodes`. Error: kUsage, with `where` and the place.
const PatternNode& parse_pattern(std::string_view pattern, std::string_view where,
                                 std::deque<PatternNode>& nodes);

}  // namespace nety::grammar
