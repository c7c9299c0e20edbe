// A flat hash table: starting up with 50,000 tokens is most of what `nety tokenize` does.
#include "core/tokenizer/vocabulary.h"

#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "core/base/error.h"

namespace nety::tokenizer {
namespace {

constexpr uint64_t kFactor = 0x9e3779b97f4a7c15ULL;  // 2^64 / golden ratio, Knuth's choice

template <class Word>
uint64_t load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Most tokens are shorter than 16 bytes: two loads that may overlap, no loop.
uint32_t hash_of(std::string_view text) {
  const size_t size = text.size();
  const char* const at = text.data();
  const char* const end = at + size;
  uint64_t hash = size * kFactor;
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8)
      hash = (std::rotl(hash, 23) ^ load<uint64_t>(at + i)) * kFactor;
    hash = (std::rotl(hash, 23) ^ load<uint64_t>(end - 8)) * kFactor;
  } else if (size >= 4) {
    hash = (hash ^ (load<uint32_t>(at) << 32 | load<uint32_t>(end - 4))) * kFactor;
  } else if (size > 0) {
    const uint64_t word =
        load<uint8_t>(at) << 16 | load<uint8_t>(at + size / 2) << 8 | load<uint8_t>(end - 1);
    hash = (hash ^ word) * kFactor;
  }
  return static_cast<uint32_t>((hash ^ (hash >> 29)) * kFactor >> 32);
}

}  // namespace

Vocabulary::Vocabulary(size_t expected_tokens) {
  places_.reserve(expected_tokens);
  grow(std::bit_ceil(expected_tokens * 2 + 16));
}

Vocabulary::Slot& Vocabulary::slot_of(std::string_view text, uint32_t hash) {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.id < 0 || (slot.hash == hash && this->text(slot.id) == text)) return slot;
  }
}

void Vocabulary::grow(size_t slots) {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  for (const Slot& slot : old)
    if (slot.id >= 0) slot_of(text(slot.id), slot.hash) = slot;
}

bool Vocabulary::add(std::string_view text, int32_t id) {
  const auto index = static_cast<size_t>(id);
  if (index < places_.size() && places_[index].bytes > 0) return false;
  if (text.size() > std::numeric_limits<uint32_t>::max() - texts_.size())
    throw Error(ErrorKind::kCheckpoint, "the texts of the vocabulary's tokens pass 4 GiB",
                "The file is damaged: download or convert it again.");
  if ((used_ + 1) * 2 > slots_.size()) grow(slots_.empty() ? 64 : slots_.size() * 2);
  if (!text.empty()) {
    const uint32_t hash = hash_of(text);
    Slot& slot = slot_of(text, hash);
    if (slot.id >= 0) return false;
    slot = {hash, id};
    ++used_;
  }
  if (index >= places_.size()) places_.resize(index + 1);
  places_[index] = {static_cast<uint32_t>(texts_.size()), static_cast<uint32_t>(text.size())};
  texts_ += text;
  return true;
}

int32_t Vocabulary::find(std::string_view text) const {
  if (text.empty() || slots_.empty()) return -1;
  const uint32_t hash = hash_of(text);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return -1;
    if (slot.hash == hash && this->text(slot.id) == text) return slot.id;
  }
}

}  // namespace nety::tokenizer
