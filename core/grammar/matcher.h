// One text in the making, and the tokens that may follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/grammar/configurations.h"
#include "core/grammar/grammar.h"
#include "core/grammar/vocabulary.h"

namespace nety::grammar {

/// Follows a text token by token. A copy goes its own way; copying takes the memory that was learnt
/// so far (some hundred kilobytes for usual schemas). One thread at a time.
class Matcher {
 public:
  /// How many tokens can be taken back at least.
  static constexpr size_t kRemembered = 1024;

  /// Both outlive the matcher.
  Matcher(const Grammar& grammar, const Vocabulary& vocabulary);

  /// Sets the bit of every token that may follow and clears all others (mask_words() words for the
  /// vocabulary's size; further words are cleared). The end tokens may follow where can_end(). All
  /// bits are clear only if no token of the vocabulary fits the grammar, or after an end token.
  /// Errors: kInternal if `allowed` is too short; kUsage for a grammar that is too ambiguous.
  void mask(std::span<uint64_t> allowed);
  /// Takes a token in. False, and nothing changed, if it may not follow.
  bool accept(int32_t token);
  /// The same for bytes that need not be tokens. rollback() counts it as one.
  bool accept(std::string_view bytes);
  /// Whether the text so far is complete.
  bool can_end() const { return configurations_.can_end(now_); }
  /// Whether an end token was accepted.
  bool ended() const { return ended_; }
  /// Takes back the last tokens. Error: kInternal for more than were accepted or are remembered.
  void rollback(size_t tokens);
  /// The bytes that must follow, up to where there is a choice: empty if there is one now.
  std::string forced();

 private:
  using Mask = std::vector<uint64_t>;

  int32_t after(int32_t configuration, std::string_view bytes);
  void remember(int32_t configuration);
  void compact();
  void add(int32_t configuration, std::span<uint64_t> allowed);
  void add_walked(int32_t configuration, std::span<uint64_t> allowed);
  void add_text(const Frame& place, std::span<uint64_t> allowed);
  void add_like_text(const Frame& place, int32_t text, std::span<uint64_t> allowed);
  void correct(int32_t configuration, int32_t text, std::span<uint64_t> allowed);
  size_t walk(int32_t configuration, size_t begin, size_t end, std::span<uint64_t> allowed);

  const Automaton* automaton_;
  const Vocabulary* vocabulary_;
  Configurations configurations_;
  int32_t now_;
  bool ended_ = false;
  std::vector<int32_t> history_;  // the configurations before the last tokens
  // For masks. By depth in the trie: where the walk is, and beside it where any text would be.
  std::vector<int32_t> path_, text_path_;
  struct Known {
    int32_t configuration;
    Mask mask;
  };
  std::vector<Known> known_;  // masks that took long
  size_t replaced_ = 0;
};

}  // namespace nety::grammar
