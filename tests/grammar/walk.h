// Random walks through masks: what a model could write, whatever it is.
#pragma once

#include <bit>
#include <random>
#include <string>
#include <vector>

#include "core/grammar/matcher.h"

namespace nety::grammar {

class Walk {
 public:
  Walk(const Grammar& grammar, const Vocabulary& vocabulary, uint64_t seed)
      : matcher_(grammar, vocabulary),
        vocabulary_(&vocabulary),
        mask_(mask_words(static_cast<size_t>(vocabulary.size()))),
        random_(seed) {}

  /// Tokens at random, then, after `free` of them, such as bring the text to its end if they can.
  /// False if that does not come within `most` tokens, or if no token is left before (stuck()).
  bool run(size_t free, size_t most) {
    for (size_t i = 0; i < most; ++i) {
      matcher_.mask(mask_);
      std::vector<int32_t> allowed;
      for (size_t word = 0; word < mask_.size(); ++word)
        for (uint64_t bits = mask_[word]; bits != 0; bits &= bits - 1)
          allowed.push_back(static_cast<int32_t>(word * 64) + std::countr_zero(bits));
      stuck_ = allowed.empty();
      if (stuck_) return false;
      const int32_t token = i < free ? allowed[random_() % allowed.size()] : closing(allowed);
      refused_ = !matcher_.accept(token);
      if (refused_) return false;
      if (matcher_.ended()) return true;
      text_ += vocabulary_->bytes_of(token);
    }
    return false;
  }
  const std::string& text() const { return text_; }
  bool stuck() const { return stuck_; }
  bool refused() const { return refused_; }

 private:
  int32_t closing(const std::vector<int32_t>& allowed) {
    for (const int32_t token : allowed)
      if (vocabulary_->is_end(token)) return token;
    std::vector<int32_t> closers, single;
    for (const int32_t token : allowed) {
      const std::string_view bytes = vocabulary_->bytes_of(token);
      if (bytes.find_first_not_of("\"}]") == std::string_view::npos) closers.push_back(token);
      if (bytes.size() == 1) single.push_back(token);
    }
    const std::vector<int32_t>& from = !closers.empty() && random_() % 8 != 0 ? closers
                                       : single.empty()                       ? allowed
                                                                              : single;
    return from[random_() % from.size()];
  }

  Matcher matcher_;
  const Vocabulary* vocabulary_;
  std::vector<uint64_t> mask_;
  std::mt19937_64 random_;
  std::string text_;
  bool stuck_ = false, refused_ = false;
};

}  // namespace nety::grammar
