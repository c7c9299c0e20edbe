// Several patterns run over one text at the same time: a deterministic automaton over characters,
// whose states know which of the patterns match so far.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/grammar/pattern.h"

namespace nety::grammar {

struct CharDfa {
  using Labels = uint64_t;  ///< Bit i: pattern i matches a text that ends here.
  static constexpr size_t kMostPatterns = 64;
  struct Edge {
    CharRange range;
    int32_t target;
  };
  struct State {
    std::vector<Edge> edges;  ///< In order, apart from each other.
    Labels labels = 0;
  };
  std::vector<State> states;  ///< 0 is the start.

  /// Error: kUsage, naming `where`, if it has more states than limits.h allows.
  static CharDfa of(std::span<const PatternNfa> patterns, std::string_view where);

  /// The labels of a whole text (valid UTF-8).
  Labels labels_of(std::string_view text) const;
  /// Whether every text may follow in `state`, all of them with its labels.
  bool takes_all(int32_t state) const;
  /// The same automaton for texts of `least` to `most` characters only: others have no label.
  /// Error: as of().
  CharDfa of_length(int64_t least, int64_t most, std::string_view where) const;
};

}  // namespace nety::grammar
