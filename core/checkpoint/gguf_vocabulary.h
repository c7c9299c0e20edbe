// The tokenizer.ggml.* metadata of a GGUF in one place, checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace nety::checkpoint {

/// Points into the checkpoint's metadata.
struct GgufTokens {
  /// tokenizer.ggml.token_type
  enum Type : int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4 };

  std::string model, pre;
  const std::vector<std::string_view>* texts = nullptr;
  const std::vector<double>* scores = nullptr;            ///< null: none
  const std::vector<int64_t>* types = nullptr;            ///< null: all normal
  const std::vector<std::string_view>* merges = nullptr;  ///< null: none
  int32_t bos = -1, eos = -1, unknown = -1, pad = -1;     ///< -1: none
  bool add_bos = false, add_eos = false, add_space_prefix = true;
  std::string problem;  ///< Why it cannot be used; empty if it can.

  int64_t type(size_t id) const { return types == nullptr ? int64_t{kNormal} : (*types)[id]; }
};

/// `adds_bos`: whether this kind of vocabulary has a BOS added where the file does not say.
GgufTokens read_tokens(const Checkpoint& gguf, bool (*adds_bos)(const GgufTokens&));

/// The merges of a SentencePiece-style vocabulary, best first: every way to join two of its pieces
/// into a third, by the third's score, as transformers derives them.
std::vector<std::pair<std::string_view, std::string_view>> merges_by_score(
    const GgufTokens& tokens);

}  // namespace nety::checkpoint
