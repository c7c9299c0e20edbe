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

/// A table of tokens, their texts end to end. An id without a token has an empty text; empty texts
/// are not found.
class Vocabulary {
 public:
  Vocabulary() = default;
  explicit Vocabulary(size_t expected_tokens);

  /// Takes `text` as `id` (0 to kMaxTokenId). False if either is there already.
  /// Error: kCheckpoint if all texts together pass 4 GiB.
  bool add(std::string_view text, int32_t id);
  /// The id of a text, or -1.
  int32_t find(std::string_view text) const;

  /// One past the largest id.
  int32_t size() const { return static_cast<int32_t>(places_.size()); }
  bool contains(int32_t id) const { return id >= 0 && id < size(); }
  /// Valid until the next add().
  std::string_view text(int32_t id) const {
    const Place place = places_[static_cast<size_t>(id)];
    return std::string_view(texts_).substr(place.begin, place.bytes);
  }

 private:
  struct Place {
    uint32_t begin = 0, bytes = 0;
  };
  struct Slot {
    uint32_t hash = 0;
    int32_t id = -1;
  };
  void grow(size_t slots);
  Slot& slot_of(std::string_view text, uint32_t hash);

  std::string texts_;          // one after another, in the order they came
  std::vector<Place> places_;  // by id
  std::vector<Slot> slots_;    // a power of two, open addressing, linear probing
  size_t used_ = 0;
};

}  // namespace nety::tokenizer
