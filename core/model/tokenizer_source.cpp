// GGUF keys: tokenizer.ggml.* of the format's specification.
#include "core/model/tokenizer_source.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::model {
namespace {

using checkpoint::Checkpoint;

class Metadata {
 public:
  explicit Metadata(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  template <class T>
  const T* get(std::string_view key) const {
    const auto found = checkpoint_.metadata().find(key);
    return found == checkpoint_.metadata().end() ? nullptr : std::get_if<T>(&found->second);
  }
  std::string text(std::string_view key) const {
    const auto* value = get<std::string>(key);
    return value == nullptr ? std::string() : *value;
  }
  bool flag(std::string_view key, bool otherwise) const {
    const auto* value = get<bool>(key);
    return value == nullptr ? otherwise : *value;
  }
  int32_t id(std::string_view key) const {
    if (const auto* value = get<uint64_t>(key)) return static_cast<int32_t>(*value);
    if (const auto* value = get<int64_t>(key)) return static_cast<int32_t>(*value);
    return -1;
  }

 private:
  const Checkpoint& checkpoint_;
};

[[noreturn]] void refuse(const Checkpoint& checkpoint, const std::string& what) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("{}: {}", checkpoint.path().string(), what),
              "Text needs the model's own tokenizer. Use a checkpoint that carries it; nety logits "
              "--tokens works without one.");
}

tokenizer::GgufVocabulary vocabulary_of(const Checkpoint& checkpoint) {
  const Metadata metadata(checkpoint);
  tokenizer::GgufVocabulary vocabulary;
  vocabulary.source = checkpoint.path().string();
  vocabulary.model = metadata.text("tokenizer.ggml.model");
  vocabulary.pre = metadata.text("tokenizer.ggml.pre");
  const auto* tokens = metadata.get<std::vector<std::string_view>>("tokenizer.ggml.tokens");
  if (tokens == nullptr || tokens->empty())
    refuse(checkpoint, "has no tokenizer (tokenizer.ggml.tokens)");
  vocabulary.tokens = *tokens;
  if (const auto* merges = metadata.get<std::vector<std::string_view>>("tokenizer.ggml.merges"))
    vocabulary.merges = *merges;
  if (const auto* scores = metadata.get<std::vector<double>>("tokenizer.ggml.scores"))
    for (const double score : *scores) vocabulary.scores.push_back(static_cast<float>(score));
  if (const auto* types = metadata.get<std::vector<int64_t>>("tokenizer.ggml.token_type"))
    for (const int64_t type : *types) vocabulary.token_types.push_back(static_cast<int32_t>(type));
  vocabulary.bos_id = metadata.id("tokenizer.ggml.bos_token_id");
  vocabulary.eos_id = metadata.id("tokenizer.ggml.eos_token_id");
  vocabulary.unknown_id = metadata.id("tokenizer.ggml.unknown_token_id");
  // SentencePiece vocabularies begin with a BOS unless the file says not; byte-level ones do not.
  vocabulary.add_bos = metadata.flag("tokenizer.ggml.add_bos_token", vocabulary.model == "llama");
  vocabulary.add_eos = metadata.flag("tokenizer.ggml.add_eos_token", false);
  vocabulary.add_space_prefix = metadata.flag("tokenizer.ggml.add_space_prefix", true);
  return vocabulary;
}

}  // namespace

tokenizer::Tokenizer load_tokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.format() == checkpoint::Format::kGguf)
    return tokenizer::Tokenizer::from_gguf(vocabulary_of(checkpoint));
  const std::filesystem::path folder = std::filesystem::is_directory(checkpoint.path())
                                           ? checkpoint.path()
                                           : checkpoint.path().parent_path();
  const std::filesystem::path file = folder / "tokenizer.json";
  if (!std::filesystem::exists(file)) refuse(checkpoint, "has no tokenizer.json");
  const MappedFile json(file);
  const auto text = json.bytes();
  return tokenizer::Tokenizer::from_json({reinterpret_cast<const char*>(text.data()), text.size()},
                                         file.string());
}

}  // namespace nety::model
