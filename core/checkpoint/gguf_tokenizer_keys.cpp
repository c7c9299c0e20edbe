// Types: ggml's docs/gguf.md, and the gguf package's constants.py.
#include "core/checkpoint/gguf_tokenizer_keys.h"

#include <fmt/format.h>

#include <limits>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

using Strings = std::vector<std::string_view>;
using Whole = std::vector<int64_t>;
using Numbers = std::vector<double>;

constexpr std::string_view kTexts[] = {"tokenizer.ggml.model", "tokenizer.ggml.pre",
                                       "tokenizer.chat_template"};
constexpr std::string_view kFlags[] = {
    "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token", "tokenizer.ggml.add_sep_token",
    "tokenizer.ggml.add_space_prefix", "tokenizer.ggml.remove_extra_whitespaces"};
constexpr std::string_view kIds[] = {
    "tokenizer.ggml.bos_token_id",      "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",      "tokenizer.ggml.eom_token_id",
    "tokenizer.ggml.unknown_token_id",  "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.seperator_token_id"};

/// An empty array has no elements of a wrong type.
template <class Array>
void check_array(const GgufKeys& keys, std::string_view key, std::string_view needed) {
  const MetadataValue* value = keys.find(key);
  if (value == nullptr || std::holds_alternative<Array>(*value)) return;
  if (const auto* whole = std::get_if<Whole>(value); whole != nullptr && whole->empty()) return;
  if (const auto* texts = std::get_if<Strings>(value); texts != nullptr && texts->empty()) return;
  keys.refuse_value(key, needed);
}

/// Some writers put -1, or 2^32 - 1, for "none".
void check_id(const GgufKeys& keys, std::string_view key, const Strings* tokens) {
  const MetadataValue* value = keys.find(key);
  if (value == nullptr) return;
  const auto* plain = std::get_if<uint64_t>(value);
  const auto* with_sign = std::get_if<int64_t>(value);
  if (plain == nullptr && with_sign == nullptr) keys.refuse_value(key, "a token's id");
  const bool none =
      plain != nullptr ? *plain == std::numeric_limits<uint32_t>::max() : *with_sign == -1;
  if (none || tokens == nullptr) return;
  const bool inside = plain != nullptr
                          ? *plain < tokens->size()
                          : *with_sign >= 0 && static_cast<uint64_t>(*with_sign) < tokens->size();
  if (!inside) keys.refuse_value(key, fmt::format("the id of one of {} tokens", tokens->size()));
}

}  // namespace

void check_tokenizer_keys(const GgufKeys& keys) {
  for (const std::string_view key : kTexts) keys.string(key);
  for (const std::string_view key : kFlags) keys.boolean(key);
  check_array<Strings>(keys, "tokenizer.ggml.tokens", "an array of strings");
  check_array<Strings>(keys, "tokenizer.ggml.merges", "an array of strings");
  check_array<Numbers>(keys, "tokenizer.ggml.scores", "an array of floating-point numbers");
  check_array<Whole>(keys, "tokenizer.ggml.token_type", "an array of whole numbers");
  const MetadataValue* tokens = keys.find("tokenizer.ggml.tokens");
  const auto* texts = tokens == nullptr ? nullptr : std::get_if<Strings>(tokens);
  for (const std::string_view key : kIds) check_id(keys, key, texts);
}

}  // namespace nety::checkpoint
