// The tokens of a vocabulary as bytes, in a trie: what a mask is computed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nety::tokenizer {
class Tokenizer;
}

namespace nety::grammar {

struct TextTokens;

/// A mask has one bit per token: bit i % 64 of word i / 64.
constexpr size_t mask_words(size_t tokens) { return (tokens + 63) / 64; }

/// Immutable; made once per tokenizer, in some tens of milliseconds for 128k tokens. May be used
/// from several threads.
class Vocabulary {
 public:
  /// A node of the trie, in the order of a walk that visits children by their bytes. The root is
  /// not among them.
  struct Node {
    uint32_t end;          ///< The first node that is not below this one.
    uint32_t first_token;  ///< Of those that end here; the next node's end them.
    uint16_t depth;        ///< Bytes from the root, at least 1.
    uint16_t height;       ///< Bytes below, of the longest token.
    uint8_t byte;
    uint8_t groups;  ///< Of all bytes below (byte_groups.h).
  };

  /// `bytes`: by id; an empty text is a token that is never allowed. `end_ids` are allowed where a
  /// text may end, and nowhere else. Tokens of more than kLongestToken bytes are never allowed.
  Vocabulary(std::span<const std::string> bytes, std::span<const int32_t> end_ids);
  /// The tokens of a tokenizer: what each adds to a text. Special and added tokens are never
  /// allowed: models use them to say something else than text. `rows`: how many ids the model has,
  /// where that is not the tokenizer's size.
  explicit Vocabulary(const tokenizer::Tokenizer& tokenizer, std::span<const int32_t> end_ids,
                      int32_t rows = -1);
  Vocabulary(Vocabulary&&) noexcept;
  Vocabulary& operator=(Vocabulary&&) noexcept;
  ~Vocabulary();

  static constexpr size_t kLongestToken = 1024;

  /// One past the largest id.
  int32_t size() const { return static_cast<int32_t>(begins_.size()) - 1; }
  bool is_end(int32_t id) const;
  std::span<const int32_t> end_ids() const { return end_ids_; }
  /// Empty for tokens that are never allowed.
  std::string_view bytes_of(int32_t id) const;

  std::span<const Node> nodes() const { return {nodes_.data(), nodes_.size() - 1}; }
  /// The tokens that end at a node.
  std::span<const int32_t> tokens_of(size_t node) const {
    return {tokens_.data() + nodes_[node].first_token,
            nodes_[node + 1].first_token - nodes_[node].first_token};
  }
  /// The tokens that end below a node.
  std::span<const int32_t> tokens_below(size_t node) const {
    const uint32_t first = nodes_[node + 1].first_token;
    return {tokens_.data() + first, nodes_[nodes_[node].end].first_token - first};
  }
  size_t deepest() const { return deepest_; }
  /// What each token is inside a JSON string.
  const TextTokens& text_tokens() const { return *text_tokens_; }

 private:
  void build();
  void add_groups();

  std::string texts_;             // one after another
  std::vector<uint32_t> begins_;  // by id, and one more
  std::vector<int32_t> end_ids_;
  std::vector<Node> nodes_;      // and one more
  std::vector<int32_t> tokens_;  // in the order of the nodes
  size_t deepest_ = 0;
  std::unique_ptr<const TextTokens> text_tokens_;
};

}  // namespace nety::grammar
