// What the names in tokenizer.ggml.pre stand for.
#pragma once

#include <string>
#include <string_view>

#include "core/tokenizer/normalizer.h"
#include "core/tokenizer/pre_tokenizer.h"

namespace nety::tokenizer {

/// A row of pre_tokenizers.def.
struct GgufPreTokenizer {
  std::string_view name;
  bool ignore_merges;
  bool adds_bos;
  /// Adds the steps. `source` names the file in messages.
  void (*add_steps)(const std::string& source, Normalizer& normalizer, PreTokenizer& pre_tokenizer);
};

/// The row of that name, or null.
const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name);
/// All names, for messages: "gpt-2, gpt2, ...".
std::string gguf_pre_tokenizer_names();

}  // namespace nety::tokenizer
