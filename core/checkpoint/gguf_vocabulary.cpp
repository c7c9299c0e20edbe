// A vocabulary that contradicts itself is not repaired: the weights are written without it.
#include "core/checkpoint/gguf_vocabulary.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

using Merge = std::pair<std::string_view, std::string_view>;

template <class T>
const T* value_of(const Checkpoint& gguf, std::string_view key) {
  const auto found = gguf.metadata().find(key);
  return found == gguf.metadata().end() ? nullptr : std::get_if<T>(&found->second);
}

std::string text_of(const Checkpoint& gguf, std::string_view key) {
  const auto* text = value_of<std::string>(gguf, key);
  return text == nullptr ? "" : *text;
}

int32_t id_of(const Checkpoint& gguf, std::string_view key, size_t count) {
  const auto* id = value_of<uint64_t>(gguf, key);
  return id == nullptr || *id >= count ? -1 : static_cast<int32_t>(*id);
}

bool flag_of(const Checkpoint& gguf, std::string_view key, bool fallback) {
  const auto* flag = value_of<bool>(gguf, key);
  return flag == nullptr ? fallback : *flag;
}

std::string find_problem(const GgufTokens& tokens) {
  if (tokens.texts == nullptr || tokens.texts->empty()) return "the GGUF has no vocabulary";
  const size_t count = tokens.texts->size();
  if (tokens.types != nullptr && tokens.types->size() != count)
    return "the GGUF has not one token_type per token";
  std::unordered_map<std::string_view, size_t> seen;
  for (size_t id = 0; id < count; ++id) {
    const std::string_view text = (*tokens.texts)[id];
    if (valid_utf8(text) != text) return fmt::format("token {} is not valid UTF-8", id);
    if (!seen.emplace(text, id).second)
      return fmt::format("token {} {} occurs twice", id, shown(text));
  }
  return {};
}

/// Byte offsets of the characters of `text` after the first.
std::vector<size_t> cuts_of(std::string_view text) {
  std::vector<size_t> cuts;
  for (size_t at = 1; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U) cuts.push_back(at);
  return cuts;
}

struct Ranked {
  Merge merge;
  double score;
  size_t left_length, right_length;  ///< In characters.
  int32_t left_id, right_id;
};

}  // namespace

GgufTokens read_tokens(const Checkpoint& gguf, bool (*adds_bos)(const GgufTokens&)) {
  GgufTokens tokens;
  tokens.model = text_of(gguf, "tokenizer.ggml.model");
  tokens.pre = text_of(gguf, "tokenizer.ggml.pre");
  tokens.texts = value_of<std::vector<std::string_view>>(gguf, "tokenizer.ggml.tokens");
  tokens.scores = value_of<std::vector<double>>(gguf, "tokenizer.ggml.scores");
  tokens.types = value_of<std::vector<int64_t>>(gguf, "tokenizer.ggml.token_type");
  tokens.merges = value_of<std::vector<std::string_view>>(gguf, "tokenizer.ggml.merges");
  tokens.problem = find_problem(tokens);
  if (!tokens.problem.empty()) return tokens;
  const size_t count = tokens.texts->size();
  tokens.bos = id_of(gguf, "tokenizer.ggml.bos_token_id", count);
  tokens.eos = id_of(gguf, "tokenizer.ggml.eos_token_id", count);
  tokens.unknown = id_of(gguf, "tokenizer.ggml.unknown_token_id", count);
  tokens.pad = id_of(gguf, "tokenizer.ggml.padding_token_id", count);
  tokens.add_bos =
      tokens.bos >= 0 && flag_of(gguf, "tokenizer.ggml.add_bos_token", adds_bos(tokens));
  tokens.add_eos = tokens.eos >= 0 && flag_of(gguf, "tokenizer.ggml.add_eos_token", false);
  tokens.add_space_prefix = flag_of(gguf, "tokenizer.ggml.add_space_prefix", true);
  return tokens;
}

std::vector<Merge> merges_by_score(const GgufTokens& tokens) {
  std::unordered_map<std::string_view, int32_t> ids;
  const auto mergeable = [&](size_t id) {
    return tokens.type(id) == GgufTokens::kNormal || tokens.type(id) == GgufTokens::kUserDefined;
  };
  for (size_t id = 0; id < tokens.texts->size(); ++id)
    if (mergeable(id)) ids.emplace((*tokens.texts)[id], static_cast<int32_t>(id));
  std::vector<Ranked> ranked;
  for (size_t id = 0; id < tokens.texts->size(); ++id) {
    if (!mergeable(id)) continue;
    const std::string_view text = (*tokens.texts)[id];
    const std::vector<size_t> cuts = cuts_of(text);
    for (size_t i = 0; i < cuts.size(); ++i) {
      const Merge merge{text.substr(0, cuts[i]), text.substr(cuts[i])};
      const auto left = ids.find(merge.first);
      const auto right = ids.find(merge.second);
      if (left == ids.end() || right == ids.end()) continue;
      ranked.push_back(
          {merge, (*tokens.scores)[id], i + 1, cuts.size() - i, left->second, right->second});
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.left_length != b.left_length) return a.left_length > b.left_length;
    if (a.right_length != b.right_length) return a.right_length > b.right_length;
    return std::pair(a.left_id, a.right_id) < std::pair(b.left_id, b.right_id);
  });
  std::vector<Merge> merges;
  for (const Ranked& one : ranked) merges.push_back(one.merge);
  return merges;
}

}  // namespace nety::checkpoint
