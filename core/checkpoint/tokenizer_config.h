// What the files beside tokenizer.json say of tokens: tokenizer_config.json,
// special_tokens_map.json and added_tokens.json, put together as transformers does.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nety::checkpoint {

/// A token that a file names: a text alone, or with properties.
struct NamedToken {
  std::string content;
  std::string place;   ///< For people: "tokenizer_config.json mask_token".
  bool if_new = true;  ///< An added token of that text stays as it is.
  bool special = true;
  bool single_word = false, lstrip = false, rstrip = false, normalized = false;
};

struct TokenizerConfig {
  bool there = false;  ///< There is a tokenizer_config.json.
  std::optional<NamedToken> bos, eos;
  /// All tokens the files name, in the order in which transformers adds them to what tokenizer.json
  /// has. A text may come twice.
  std::vector<NamedToken> added;
};

/// Of a Hugging Face directory. tokenizer_config.json's added_tokens_decoder comes first, by id;
/// where it has none, added_tokens.json does, and special_tokens_map.json overrides names. Then the
/// named tokens, then extra_special_tokens (or additional_special_tokens, the older name). Where no
/// file names BOS or EOS, they are those of tokenizer_class's own defaults. Errors: kCheckpoint for
/// files that are no JSON, or lists of another form, naming file and key.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& directory);

}  // namespace nety::checkpoint
