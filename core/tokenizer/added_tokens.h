// Tokens that are matched in the text as they are written, before anything else is done to it:
// special tokens such as <|im_end|> and others that a vocabulary was given later.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tokenizer/text_range.h"

namespace nety::tokenizer {

struct AddedToken {
  std::string content;
  int32_t id = -1;
  bool special = false;
  bool single_word = false;  ///< Only where no letter or number touches it.
  bool lstrip = false;       ///< Takes the white space before it as well.
  bool rstrip = false;       ///< And after it.
  bool normalized = false;   ///< Looked for after normalisation, not before.
  bool if_new = false;       ///< Of a file beside: an added token of that text stays as it is.
};

/// Where special tokens stay text.
struct SpecialRule {
  bool all = false;  ///< Everywhere.
  /// In these parts of the text, in order. What looks like a control token, or is one that the rest
  /// of the text uses, stays text there too, whatever its type.
  std::span<const TextRange> literal = {};
};

/// A part of a text: a token's id, or text between tokens (-1).
struct Fragment {
  std::string_view text;
  int32_t id = -1;
};

/// Finds added tokens: at each place the longest, from left to right.
class AddedTokens {
 public:
  /// `token.content` must not be empty. Replaces the token of that text.
  void add(AddedToken token);
  void remove(std::string_view content);
  /// The token of that text, or null. Valid until the next add().
  const AddedToken* find(std::string_view content) const;
  bool empty() const { return tokens_.empty(); }

  /// Appends the parts of `text` (valid UTF-8) to `fragments`, none empty.
  void split(std::string_view text, const SpecialRule& rule,
             std::vector<Fragment>& fragments) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, uint32_t>> children;  // sorted by byte
    int32_t token = -1;                                        // index into tokens_
  };
  using Used = std::vector<bool>;  // by index into tokens_
  Used used_outside(std::string_view text, const SpecialRule& rule) const;
  uint32_t child(uint32_t node, unsigned char byte) const;
  uint32_t node_of(std::string_view content) const;  // 0: none
  int32_t longest_at(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_{Node()};  // a trie; 0 is its root, and stands for "no child"
  bool begins_[256] = {};            // some token begins with that byte
};

}  // namespace nety::tokenizer
