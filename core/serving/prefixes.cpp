#include "core/serving/prefixes.h"

#include <algorithm>

namespace nety::serving {
namespace {

/// A copied prefix shorter than this saves less than it costs to look for.
constexpr int64_t kWorthCopying = 16;

int64_t length_of(std::span<const int32_t> tokens) { return static_cast<int64_t>(tokens.size()); }

/// Whether reading goes on from a prefix of `kept` tokens without losing much that is worth having.
bool worth_taking_over(int64_t kept, int64_t held, int64_t prompt) {
  return kept > 0 && 2 * kept >= std::min(held, prompt);
}

}  // namespace

int64_t shared_prefix(std::span<const int32_t> a, std::span<const int32_t> b) {
  const size_t most = std::min(a.size(), b.size());
  const auto [end, ignored] = std::ranges::mismatch(a.first(most), b.first(most));
  return end - a.begin();
}

std::optional<Place> place_for(std::span<const int32_t> prompt,
                               std::span<const HeldSequence> sequences, bool can_copy) {
  // At least one token is left to be read, for its logits.
  const std::span<const int32_t> reusable = prompt.first(prompt.empty() ? 0 : prompt.size() - 1);
  std::optional<size_t> best_free, oldest_free, best;
  int64_t best_free_kept = 0, best_kept = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const HeldSequence& one = sequences[i];
    const int64_t kept = shared_prefix(reusable, one.tokens);
    if (!best || kept > best_kept) {
      best = i;
      best_kept = kept;
    }
    if (one.busy) continue;
    if (!best_free || kept > best_free_kept) {
      best_free = i;
      best_free_kept = kept;
    }
    if (!oldest_free || one.last_used < sequences[*oldest_free].last_used) oldest_free = i;
  }
  if (!oldest_free) return std::nullopt;

  const int64_t held = length_of(sequences[*best_free].tokens), asked = length_of(prompt);
  const bool loses_little = 2 * best_free_kept >= held;
  const bool copies = can_copy && best_kept >= kWorthCopying && *best != *oldest_free;
  if (copies && (best_kept > best_free_kept || !loses_little))
    return Place{*oldest_free, best_kept, *best};
  if (worth_taking_over(best_free_kept, held, asked)) return Place{*best_free, best_free_kept};
  return Place{*oldest_free, shared_prefix(reusable, sequences[*oldest_free].tokens)};
}

}  // namespace nety::serving
