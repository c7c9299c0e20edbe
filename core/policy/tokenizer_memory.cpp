// Follows core/tokenizer (Vocabulary, RankedBpe, ScoredBpe) and the way each format is read;
// tests/model/plan_test.cpp compares with what is really allocated.
#include "core/policy/tokenizer_memory.h"

#include <bit>
#include <string_view>
#include <system_error>
#include <vector>

namespace nety::policy {
namespace {

using checkpoint::Checkpoint;
using Texts = std::vector<std::string_view>;

constexpr uint64_t kPlace = 8;  // where a token's text stands
constexpr uint64_t kSlot = 8;   // of the table that finds tokens by text
constexpr uint64_t kRule = 16;  // of the table of merges
constexpr uint64_t kView = sizeof(std::string_view);
/// The tables are powers of two, at least half empty.
uint64_t slots_for(uint64_t entries) { return std::bit_ceil(2 * entries + 16); }

/// A vocabulary of `tokens` whose texts are `text_bytes` long together; a growing string may have
/// room for as much again.
uint64_t vocabulary_bytes(uint64_t tokens, uint64_t text_bytes) {
  return 2 * text_bytes + tokens * kPlace + slots_for(tokens) * kSlot;
}

template <class T>
const T* value_of(const Checkpoint& checkpoint, std::string_view key) {
  const auto found = checkpoint.metadata().find(key);
  return found == checkpoint.metadata().end() ? nullptr : std::get_if<T>(&found->second);
}

template <class T>
uint64_t count_of(const Checkpoint& checkpoint, std::string_view key) {
  const auto* values = value_of<std::vector<T>>(checkpoint, key);
  return values == nullptr ? 0 : values->size();
}

uint64_t of_gguf(const Checkpoint& gguf) {
  const auto* texts = value_of<Texts>(gguf, "tokenizer.ggml.tokens");
  if (texts == nullptr) return 0;
  uint64_t text_bytes = 0;
  for (const std::string_view text : *texts) text_bytes += text.size();
  const uint64_t merges = count_of<std::string_view>(gguf, "tokenizer.ggml.merges");
  const uint64_t scores = count_of<double>(gguf, "tokenizer.ggml.scores");
  const uint64_t types = count_of<int64_t>(gguf, "tokenizer.ggml.token_type");
  const uint64_t model = merges > 0 ? slots_for(merges) * kRule : texts->size() * 5;
  const uint64_t metadata = (texts->size() + merges) * kView + (scores + types) * 8;
  const uint64_t reading = (texts->size() + merges) * kView + (scores + types) * 4;
  return vocabulary_bytes(texts->size(), text_bytes) + model + metadata + reading;
}

/// How many tokens and merges the file has is known once it is parsed. Here they are taken from the
/// model's vocabulary: nearly every token of byte pair encoding comes from one merge.
uint64_t of_json(const Checkpoint& checkpoint) {
  std::error_code missing;
  const auto folder = std::filesystem::is_directory(checkpoint.path(), missing)
                          ? checkpoint.path()
                          : checkpoint.path().parent_path();
  const uint64_t file_bytes = std::filesystem::file_size(folder / "tokenizer.json", missing);
  if (missing) return 0;
  const auto tokens = static_cast<uint64_t>(checkpoint.config().vocab);
  // simdjson's copy of the text, its strings, and its tape: two words a value.
  const uint64_t parsed = 2 * file_bytes + 4 * tokens * 2 * 8;
  return vocabulary_bytes(tokens, file_bytes / 4) + slots_for(tokens) * kRule + parsed;
}

}  // namespace

uint64_t tokenizer_bytes(const Checkpoint& checkpoint) {
  return checkpoint.format() == checkpoint::Format::kGguf ? of_gguf(checkpoint)
                                                          : of_json(checkpoint);
}

}  // namespace nety::policy
