// Which sequence of the engine reads a prompt: one that has read the beginning of it already, if
// there is one. Sequences keep what they read when their answer is done, so together they are the
// cache of prefixes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace nety::serving {

/// How many tokens both begin with.
int64_t shared_prefix(std::span<const int32_t> a, std::span<const int32_t> b);

/// A sequence of the engine as its next reader sees it.
struct HeldSequence {
  std::span<const int32_t> tokens;  ///< What it has read.
  bool busy = false;                ///< An answer is being made on it.
  uint64_t last_used = 0;           ///< Larger: later.
};

/// Where a prompt is read.
struct Place {
  size_t sequence = 0;  ///< Not busy.
  int64_t kept = 0;     ///< Tokens that need not be read again; less than the prompt.
  /// They are copied from there first; nothing: the sequence has them itself.
  std::optional<size_t> copied_from{};

  friend bool operator==(const Place&, const Place&) = default;
};

/// The place for `prompt`; nothing if all are busy. A sequence that has most of itself or most of
/// the prompt in common is taken over; else the one that was used longest ago is. With `can_copy`,
/// a prefix that any sequence holds, a busy one too, is copied where taking over would lose much.
std::optional<Place> place_for(std::span<const int32_t> prompt,
                               std::span<const HeldSequence> sequences, bool can_copy);

}  // namespace nety::serving
