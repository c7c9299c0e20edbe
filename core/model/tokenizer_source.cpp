// GGUF keys: tokenizer.ggml.* of the format's specification.
#include "core/model/tokenizer_source.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/stand_in.h"
#include "core/checkpoint/stated.h"
#include "core/checkpoint/tokenizer_config.h"

namespace nety::model {
namespace {

using checkpoint::Checkpoint;

[[noreturn]] void refuse(const Checkpoint& checkpoint, const std::string& what) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("{}: {}", checkpoint.path().string(), what),
              "Text needs the model's own tokenizer. Use a checkpoint that carries it; nety logits "
              "--tokens works without one.");
}

/// The array of a key, or null where it is absent. Error: kCheckpoint for another type.
template <class T>
const std::vector<T>* array_of(const Checkpoint& checkpoint, std::string_view key,
                               std::string_view needed) {
  const auto found = checkpoint.metadata().find(key);
  if (found == checkpoint.metadata().end()) return nullptr;
  const auto* array = std::get_if<std::vector<T>>(&found->second);
  if (array == nullptr)
    throw Error(
        ErrorKind::kCheckpoint,
        fmt::format("{}: \"{}\" is not an array of {}", checkpoint.path().string(), key, needed),
        "The file is damaged: download or convert it again.");
  return array;
}

/// -1: absent, or what writers put for "none".
int32_t id_of(const checkpoint::GgufKeys& keys, std::string_view key) {
  const int64_t id = keys.integer(key, INT64_MIN, INT64_MAX).value_or(-1);
  return id < 0 || id > INT32_MAX ? -1 : static_cast<int32_t>(id);
}

tokenizer::GgufVocabulary vocabulary_of(const Checkpoint& checkpoint) {
  const std::filesystem::path& path = checkpoint.path();
  const checkpoint::GgufKeys keys(checkpoint.metadata(), path);
  tokenizer::GgufVocabulary vocabulary;
  vocabulary.source = path.string();
  vocabulary.model = keys.string("tokenizer.ggml.model").value_or("");
  vocabulary.pre = keys.string("tokenizer.ggml.pre").value_or("");
  const auto* tokens = array_of<std::string_view>(checkpoint, "tokenizer.ggml.tokens", "strings");
  if (tokens == nullptr || tokens->empty())
    refuse(checkpoint, "has no tokenizer (tokenizer.ggml.tokens)");
  vocabulary.tokens = *tokens;
  if (const auto* merges =
          array_of<std::string_view>(checkpoint, "tokenizer.ggml.merges", "strings"))
    vocabulary.merges = *merges;
  if (const auto* scores = array_of<double>(checkpoint, "tokenizer.ggml.scores", "numbers"))
    for (const double score : *scores) vocabulary.scores.push_back(static_cast<float>(score));
  if (const auto* types =
          array_of<int64_t>(checkpoint, "tokenizer.ggml.token_type", "whole numbers"))
    for (const int64_t type : *types) vocabulary.token_types.push_back(static_cast<int32_t>(type));
  vocabulary.bos_id = id_of(keys, "tokenizer.ggml.bos_token_id");
  vocabulary.eos_id = id_of(keys, "tokenizer.ggml.eos_token_id");
  vocabulary.unknown_id = id_of(keys, "tokenizer.ggml.unknown_token_id");
  vocabulary.add_bos = keys.boolean("tokenizer.ggml.add_bos_token");
  vocabulary.add_eos = keys.boolean("tokenizer.ggml.add_eos_token");
  vocabulary.add_space_prefix = keys.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
  return vocabulary;
}

tokenizer::AddedToken added(const checkpoint::NamedToken& named) {
  return {.content = named.content,
          .special = named.special,
          .single_word = named.single_word,
          .lstrip = named.lstrip,
          .rstrip = named.rstrip,
          .normalized = named.normalized,
          .if_new = named.if_new};
}

}  // namespace

bool has_tokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.format() == checkpoint::Format::kGguf)
    return checkpoint.metadata().contains("tokenizer.ggml.tokens");
  return std::filesystem::exists(checkpoint::folder_of(checkpoint) / "tokenizer.json");
}

bool is_sentencepiece(const Checkpoint& checkpoint) {
  const checkpoint::GgufKeys keys(checkpoint.metadata(), checkpoint.path());
  return keys.string("tokenizer.ggml.model").value_or("") == "llama";
}

tokenizer::Tokenizer load_tokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.format() == checkpoint::Format::kGguf)
    return tokenizer::Tokenizer::from_gguf(vocabulary_of(checkpoint));
  const std::filesystem::path folder = checkpoint::folder_of(checkpoint);
  const std::filesystem::path file = folder / "tokenizer.json";
  if (!std::filesystem::exists(file)) refuse(checkpoint, "has no tokenizer.json");
  std::vector<tokenizer::AddedToken> more;
  for (const checkpoint::NamedToken& named : checkpoint::read_tokenizer_config(folder).added)
    more.push_back(added(named));
  const MappedFile json(file);
  const auto text = json.bytes();
  checkpoint::refuse_stand_in(file, text);
  return tokenizer::Tokenizer::from_json({reinterpret_cast<const char*>(text.data()), text.size()},
                                         file.string(), more);
}

}  // namespace nety::model
