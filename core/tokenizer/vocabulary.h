// Tokens by id and ids by text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nety::tokenizer {

/// The largest id we believe: a wrong one in a file must not allocate gigabytes.
inline constexpr int32_t kMaxTokenId = (1 << 22) - 1;

/// A table of tokens. An id without a token has an empty text; empty texts are not found.
class Vocabulary {
 public:
  Vocabulary() = default;
  explicit Vocabulary(size_t expected_tokens);

  /// Takes `text` as `id` (0 to kMaxTokenId). False, and `text` is left, if either is there
  /// already.
  bool add(std::string&& text, int32_t id);
  /// The id of a text, or -1.
  int32_t find(std::string_view text) const;

  /// One past the largest id.
  int32_t size() const { return static_cast<int32_t>(tokens_.size()); }
  bool contains(int32_t id) const { return id >= 0 && id < size(); }
  const std::string& text(int32_t id) const { return tokens_[static_cast<size_t>(id)]; }

 private:
  struct Slot {
    uint32_t hash = 0;
    int32_t id = -1;
  };
  void grow(size_t slots);
  Slot& slot_of(std::string_view text, uint32_t hash);

  std::vector<std::string> tokens_;
  std::vector<Slot> slots_;  // a power of two, open addressing, linear probing
  size_t used_ = 0;
};

}  // namespace nety::tokenizer
