// What each token of a vocabulary is inside a JSON string, between two of its characters: there
// nearly all tokens are allowed, so that this is computed once and not for every mask.
#pragma once

#include <cstdint>
#include <vector>

#include "core/grammar/vocabulary.h"

namespace nety::grammar {

struct TextTokens {
  using Mask = std::vector<uint64_t>;

  /// A token that stays inside the string, and the characters that it begins.
  struct Inside {
    int32_t characters;
    int32_t token;
  };
  /// A node of the trie at which the string ends by a quote, after so many characters.
  struct Close {
    uint32_t node;
    int32_t characters;
  };

  static constexpr int32_t kCounted = 24;

  Mask inside;                 ///< All that stay inside.
  std::vector<Mask> up_to;     ///< [kCounted + 1]: those with at most so many characters.
  std::vector<Inside> longer;  ///< The others, by characters.
  std::vector<Close> closes;   ///< In the order of the nodes.

  static TextTokens of(const Vocabulary& vocabulary);
};

}  // namespace nety::grammar
