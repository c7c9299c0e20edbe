// Masks: a walk over the vocabulary's trie with a configuration per depth. Inside JSON strings,
// where the walk would be of nearly all tokens, it is of those with a quote only, and of those that
// begin like a name that is excluded.
#include <algorithm>
#include <cstddef>

#include "core/base/error.h"
#include "core/grammar/matcher.h"
#include "core/grammar/text_tokens.h"

namespace nety::grammar {
namespace {

constexpr size_t kLongWalk = 4096;   // nodes
constexpr size_t kSmallBranch = 32;  // nodes: asking for a run is no gain
constexpr size_t kKnownMasks = 16;

void set(std::span<uint64_t> mask, int32_t token) {
  mask[static_cast<size_t>(token) / 64] |= uint64_t{1} << (token % 64);
}
void clear(std::span<uint64_t> mask, int32_t token) {
  mask[static_cast<size_t>(token) / 64] &= ~(uint64_t{1} << (token % 64));
}
void add_all(std::span<const uint64_t> from, std::span<uint64_t> to) {
  for (size_t i = 0; i < from.size(); ++i) to[i] |= from[i];
}

}  // namespace

void Matcher::mask(std::span<uint64_t> allowed) {
  if (allowed.size() < mask_words(static_cast<size_t>(vocabulary_->size())))
    throw Error(ErrorKind::kInternal, "a token mask is shorter than the vocabulary");
  std::ranges::fill(allowed, 0);
  if (ended_) return;
  add(now_, allowed);
  if (can_end())
    for (const int32_t id : vocabulary_->end_ids()) set(allowed, id);
  if (configurations_.full()) compact();
}

/// Places are alternatives: what may follow any of them may follow.
void Matcher::add(int32_t configuration, std::span<uint64_t> allowed) {
  const std::span<const Frame> all = configurations_.places(configuration);
  const std::vector<Frame> places(all.begin(), all.end());
  std::vector<Frame> others, texts;
  for (const Frame& place : places) {
    const State& state = automaton_->states[static_cast<size_t>(place.state)];
    if (state.text || state.like >= 0)
      texts.push_back(place);
    else if (place.state != automaton_->end)
      others.push_back(place);
  }
  if (!others.empty())
    add_walked(others.size() == places.size() ? configuration : configurations_.of(others),
               allowed);
  for (const Frame& place : texts) {
    const State& state = automaton_->states[static_cast<size_t>(place.state)];
    if (state.text)
      add_text(place, allowed);
    else
      add_like_text(place, state.like, allowed);
  }
}

/// The first to add: `allowed` is clear.
void Matcher::add_walked(int32_t configuration, std::span<uint64_t> allowed) {
  const auto known = std::ranges::find(known_, configuration, &Known::configuration);
  if (known != known_.end()) return add_all(known->mask, allowed);
  const size_t nodes = walk(configuration, 0, vocabulary_->nodes().size(), allowed);
  if (nodes < kLongWalk) return;
  const auto words =
      static_cast<std::ptrdiff_t>(mask_words(static_cast<size_t>(vocabulary_->size())));
  Known made{configuration, Mask(allowed.begin(), allowed.begin() + words)};
  if (known_.size() < kKnownMasks)
    known_.push_back(std::move(made));
  else
    known_[replaced_++ % kKnownMasks] = std::move(made);
}

/// Inside a string: tokens that stay inside, and those with a quote where what follows it fits.
void Matcher::add_text(const Frame& place, std::span<uint64_t> allowed) {
  const Rule& rule =
      automaton_
          ->rules[static_cast<size_t>(automaton_->states[static_cast<size_t>(place.state)].rule)];
  const TextTokens& tokens = vocabulary_->text_tokens();
  const int32_t room = rule.most == kUnbounded ? kUnbounded : rule.most - place.count;
  const int32_t missing = rule.least - place.count;
  if (static_cast<size_t>(room) >= vocabulary_->deepest()) {
    add_all(tokens.inside, allowed);
  } else {
    add_all(tokens.up_to[static_cast<size_t>(std::min(room, TextTokens::kCounted))], allowed);
    for (const TextTokens::Inside& token : tokens.longer) {
      if (token.characters > room) break;
      set(allowed, token.token);
    }
  }
  Frame enough = place;
  enough.count = std::max(place.count, rule.least);
  const int32_t behind = configurations_.step(configurations_.of({&enough, 1}), '"');
  if (behind == Configurations::kDead) return;
  for (const TextTokens::Close& close : tokens.closes) {
    if (close.characters < missing || close.characters > room) continue;
    for (const int32_t token : vocabulary_->tokens_of(close.node)) set(allowed, token);
    walk(behind, close.node + 1, vocabulary_->nodes()[close.node].end, allowed);
  }
}

/// As in any text, but for the tokens of which that is not so.
void Matcher::add_like_text(const Frame& place, int32_t text, std::span<uint64_t> allowed) {
  const Frame any{text, 0, place.node};
  Mask mask(mask_words(static_cast<size_t>(vocabulary_->size())), 0);
  add_text(any, mask);
  const int32_t here = configurations_.of({&place, 1});
  correct(here, configurations_.of({&any, 1}), mask);
  add_all(mask, allowed);
}

/// Makes the mask of `text` that of `configuration`: below a node where both are the same there is
/// nothing to correct.
void Matcher::correct(int32_t configuration, int32_t text, std::span<uint64_t> allowed) {
  const auto step = [&](int32_t from, uint8_t byte) {
    return from == Configurations::kDead ? from : configurations_.step(from, byte);
  };
  const std::span<const Vocabulary::Node> nodes = vocabulary_->nodes();
  path_[0] = configuration;
  text_path_[0] = text;
  for (size_t i = 0; i < nodes.size();) {
    const Vocabulary::Node& node = nodes[i];
    const int32_t next = step(path_[node.depth - 1U], node.byte);
    const int32_t text_next = step(text_path_[node.depth - 1U], node.byte);
    if (next == text_next) {
      i = node.end;
      continue;
    }
    path_[node.depth] = next;
    text_path_[node.depth] = text_next;
    for (const int32_t token : vocabulary_->tokens_of(i))
      if (next == Configurations::kDead)
        clear(allowed, token);
      else
        set(allowed, token);
    ++i;
  }
}

/// The tokens of the nodes begin..end, which are what is below one node, where `configuration` is
/// that node's. Returns how many nodes were looked at.
size_t Matcher::walk(int32_t configuration, size_t begin, size_t end, std::span<uint64_t> allowed) {
  if (begin == end) return 0;
  const std::span<const Vocabulary::Node> nodes = vocabulary_->nodes();
  path_[nodes[begin].depth - 1U] = configuration;
  size_t count = 0;
  for (size_t i = begin; i < end; ++count) {
    const Vocabulary::Node& node = nodes[i];
    const int32_t next = configurations_.step(path_[node.depth - 1U], node.byte);
    if (next == Configurations::kDead) {
      i = node.end;
      continue;
    }
    path_[node.depth] = next;
    for (const int32_t token : vocabulary_->tokens_of(i)) set(allowed, token);
    if (node.end > i + kSmallBranch && (node.groups & byte_groups::kOther) == 0) {
      const ByteRun run = configurations_.run_of(next);
      if (node.height <= run.length && (node.groups & ~run.groups) == 0) {
        for (const int32_t token : vocabulary_->tokens_below(i)) set(allowed, token);
        i = node.end;
        continue;
      }
    }
    ++i;
  }
  return count;
}

}  // namespace nety::grammar
