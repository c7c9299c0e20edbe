// Tokens that are matched in the text as they are written, before anything else is done to it:
// special tokens such as <|im_end|> and others that a vocabulary was given later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nety::tokenizer {

struct AddedToken {
  std::string content;
  int32_t id = -1;
  bool special = false;
  bool single_word = false;  ///< Only where no letter or number touches it.
  bool lstrip = false;       ///< Takes the white space before it as well.
  bool rstrip = false;       ///< And after it.
  bool normalized = false;   ///< Looked for after normalisation, not before.
};

/// A part of a text: a token's id, or text between tokens (-1).
struct Fragment {
  std::string_view text;
  int32_t id = -1;
};

/// Finds added tokens: at each place the longest, from left to right.
class AddedTokens {
 public:
  /// `token.content` must not be empty.
  void add(AddedToken token);
  bool empty() const { return tokens_.empty(); }

  /// Appends the parts of `text` (valid UTF-8) to `fragments`, none empty. Where `skip_special`,
  /// special tokens are left as text.
  void split(std::string_view text, bool skip_special, std::vector<Fragment>& fragments) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, uint32_t>> children;  // sorted by byte
    int32_t token = -1;                                        // index into tokens_
  };
  uint32_t child(uint32_t node, unsigned char byte) const;
  int32_t longest_at(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_{Node()};  // a trie; 0 is its root, and stands for "no child"
  bool begins_[256] = {};            // some token begins with that byte
};

}  // namespace nety::tokenizer
