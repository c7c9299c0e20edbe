// How a text is cut into pieces that are tokenised apart: the pre-tokenizers of tokenizer.json.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/normalizer.h"

namespace nety::tokenizer {

/// Pieces of a text, in order, none empty. Steps that change text keep the new text here.
class Pieces {
 public:
  /// The whole of `text`, which must outlive this. `begins_input`: nothing came before it.
  Pieces(std::string_view text, bool begins_input);

  const std::vector<std::string_view>& list() const { return list_; }
  bool begins_input() const { return begins_input_; }

  /// Replaces the pieces.
  void assign(std::vector<std::string_view> list) { list_ = std::move(list); }
  /// Keeps `text` for as long as the pieces live.
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

 private:
  std::vector<std::string_view> list_;
  std::deque<std::string> kept_;
  bool begins_input_;
};

/// What becomes of a match when a text is split at matches.
enum class SplitBehavior : uint8_t {
  kRemoved,             ///< "a-b" at "-": "a" "b"
  kIsolated,            ///< "a" "-" "b"
  kMergedWithPrevious,  ///< "a-" "b"
  kMergedWithNext,      ///< "a" "-b"
  kContiguous,          ///< As isolated, but neighbouring matches stay together.
};

/// When a word mark is put before a text.
enum class PrependScheme : uint8_t { kNever, kFirst, kAlways };

/// One step. A value.
struct PreTokenizerStep {
  enum class Kind : uint8_t { kSplit, kDigits, kPunctuation, kWhitespace, kByteLevel, kMetaspace };
  Kind kind;
  SplitBehavior behavior = SplitBehavior::kIsolated;  ///< All but the last two.
  Pattern pattern = {};                               ///< kSplit; kByteLevel if it splits.
  bool invert = false;                                ///< kSplit: matches are what is not found.
  bool add_prefix_space = false;                      ///< kByteLevel.
  std::string replacement = {};                       ///< kMetaspace: stands for a space.
  PrependScheme prepend = PrependScheme::kAlways;     ///< kMetaspace.
  bool split = true;                                  ///< kMetaspace: before each replacement.

  void apply(Pieces& pieces) const;
};

/// The pattern of GPT-2, which ByteLevel uses unless told not to.
extern const char* const kGpt2Pattern;

/// The steps in their order; none leaves the text whole.
class PreTokenizer {
 public:
  void add(PreTokenizerStep step) { steps_.push_back(std::move(step)); }
  void apply(Pieces& pieces) const {
    for (const PreTokenizerStep& step : steps_) step.apply(pieces);
  }

 private:
  std::vector<PreTokenizerStep> steps_;
};

}  // namespace nety::tokenizer
