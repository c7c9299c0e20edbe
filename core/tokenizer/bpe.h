// Byte pair encoding: a piece of text becomes symbols, and the best pair of neighbours is merged
// until no pair can be (Sennrich et al. 2016, section 3.2). Two ways to say which pair is best.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/tokenizer/vocabulary.h"

namespace nety::tokenizer {

/// What becomes of characters that are no token, and other switches of the model.
struct BpeOptions {
  int32_t unknown_id = -1;     ///< -1: such characters are left out.
  bool fuse_unknown = false;   ///< Neighbouring unknown characters become one token.
  bool byte_fallback = false;  ///< Such characters become their bytes' tokens "<0x0A>" first.
  bool ignore_merges = false;  ///< A piece that is a token as a whole is that token.
  bool long_pieces = false;    ///< Texts come whole, not in words: worth cutting where it is safe.
};

/// Memory that one encode() reuses for its pieces.
struct BpeScratch {
  struct Symbol {
    int32_t id;             // -1: no token
    uint32_t begin, bytes;  // in the piece; bytes 0: merged into the symbol before it
    int32_t previous, next;
  };
  struct Candidate {
    uint64_t order;  // rank, then position: the smallest is merged first
    int32_t id;
    uint32_t bytes;
  };
  std::vector<Symbol> symbols;
  std::vector<Candidate> queue;
};

/// The common part: symbols, the queue, characters that are no token. Takes O(n log n) for n bytes.
class Bpe {
 public:
  /// `vocabulary` must outlive this.
  Bpe(const Vocabulary& vocabulary, const BpeOptions& options);
  virtual ~Bpe() = default;
  Bpe(const Bpe&) = delete;
  Bpe& operator=(const Bpe&) = delete;

  /// Appends the ids of `piece` (valid UTF-8). Error: kUsage for a piece of 2 GiB or more.
  void encode(std::string_view piece, BpeScratch& scratch, std::vector<int32_t>& ids) const;
  int32_t unknown_id() const { return options_.unknown_id; }

 protected:
  using Symbol = BpeScratch::Symbol;
  struct Merge {
    uint32_t rank;  ///< Smaller is merged first.
    int32_t id;     ///< -1: the two do not merge.
  };
  static constexpr Merge kNoMerge{0, -1};

  virtual Merge merge_of(std::string_view piece, const Symbol& left, const Symbol& right) const = 0;
  const Vocabulary& vocabulary() const { return *vocabulary_; }

 private:
  void find_joints();
  size_t end_of_part(std::string_view piece, size_t begin) const;
  void make_symbols(std::string_view piece, std::vector<Symbol>& symbols) const;
  void merge_all(std::string_view piece, BpeScratch& scratch) const;
  bool emit(std::string_view piece, const std::vector<Symbol>& symbols, bool after_unknown,
            std::vector<int32_t>& ids) const;
  int32_t id_of_character(char32_t value, std::string_view text) const;
  bool bytes_have_tokens(std::string_view text) const;

  const Vocabulary* vocabulary_;
  BpeOptions options_;
  std::array<int32_t, 256> byte_ids_;
  std::array<int32_t, 0x200> character_ids_;  // all that the byte-level alphabet uses
  // A Bloom filter of the pairs of characters that stand side by side in some token. Between two
  // that never do, no merge reaches across: the text can be cut there. Empty: texts are not cut.
  std::vector<bool> joints_;
};

/// Merges listed in order, by pairs of tokens: GPT-2's and that of tokenizer.json.
class RankedBpe final : public Bpe {
 public:
  RankedBpe(const Vocabulary& vocabulary, const BpeOptions& options, size_t expected_merges);

  /// `left` and `right` merge into `id`; of two such rules the later holds.
  void add_merge(int32_t left, int32_t right, uint32_t rank, int32_t id);

 protected:
  Merge merge_of(std::string_view piece, const Symbol& left, const Symbol& right) const override;

 private:
  struct Rule {
    uint64_t pair = kNoPair;
    Merge merge = kNoMerge;
  };
  static constexpr uint64_t kNoPair = ~uint64_t{0};
  static uint64_t pair_of(int32_t left, int32_t right);
  size_t slot_of(uint64_t pair) const;

  std::vector<Rule> rules_;  // a power of two, open addressing, linear probing
};

/// Any two neighbours whose joined text is a token merge, the one with the best score first:
/// SentencePiece's BPE (google/sentencepiece, bpe_model.cc).
class ScoredBpe final : public Bpe {
 public:
  /// `mergeable[id]`: the token is a piece of text, not a control or byte token.
  ScoredBpe(const Vocabulary& vocabulary, const BpeOptions& options,
            const std::vector<float>& scores, std::vector<bool> mergeable);

 protected:
  Merge merge_of(std::string_view piece, const Symbol& left, const Symbol& right) const override;

 private:
  std::vector<uint32_t> ranks_;
  std::vector<bool> mergeable_;
  size_t longest_ = 0;  // bytes of the longest mergeable token
};

}  // namespace nety::tokenizer
