// Types: ggml's docs/gguf.md, and the gguf package's constants.py.
#include "core/checkpoint/gguf_tokenizer_keys.h"

#include <string_view>
#include <vector>

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

/// Whether it is one of the tokens is for those who use it to say.
void check_id(const GgufKeys& keys, std::string_view key) {
  const MetadataValue* value = keys.find(key);
  if (value != nullptr && !std::holds_alternative<uint64_t>(*value) &&
      !std::holds_alternative<int64_t>(*value))
    keys.refuse_value(key, "a token's id");
}

}  // namespace

void check_tokenizer_keys(const GgufKeys& keys) {
  for (const std::string_view key : kTexts) keys.string(key);
  for (const std::string_view key : kFlags) keys.boolean(key);
  check_array<Strings>(keys, "tokenizer.ggml.tokens", "an array of strings");
  check_array<Strings>(keys, "tokenizer.ggml.merges", "an array of strings");
  check_array<Numbers>(keys, "tokenizer.ggml.scores", "an array of floating-point numbers");
  check_array<Whole>(keys, "tokenizer.ggml.token_type", "an array of whole numbers");
  for (const std::string_view key : kIds) check_id(keys, key);
}

}  // namespace nety::checkpoint
