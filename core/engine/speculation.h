// Prompt lookup: what followed the last few tokens when they came before is a cheap guess of what
// follows now (Saxena 2023). The model checks a guess of several tokens in one step, so that right
// guesses cost less than a step each; wrong ones change nothing but time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nety::engine {

/// Guesses from the tokens so far, fewer while they are wrong.
class Speculation {
 public:
  static constexpr int64_t kLongest = 8;  ///< Tokens guessed at once, at most.

  /// The guess after `history`, at most `most` tokens; valid until the next call.
  std::span<const int32_t> guess(std::span<const int32_t> history, int64_t most);
  /// How many tokens of the last guess were right.
  void learn(int64_t right);

  int64_t guessed() const { return guessed_; }
  int64_t right() const { return right_; }

 private:
  std::vector<int32_t> guess_;
  int64_t length_ = 4;            // how many to guess next
  int64_t pause_ = 0, rest_ = 0;  // steps to sit out after a wrong guess, and left of them
  int64_t guessed_ = 0, right_ = 0;
};

}  // namespace nety::engine
