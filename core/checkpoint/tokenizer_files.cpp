// The file names that transformers looks for.
#include "core/checkpoint/tokenizer_files.h"

#include "core/checkpoint/gguf_tokenizer.h"
#include "core/checkpoint/text_file.h"

namespace nety::checkpoint {
namespace {

constexpr const char* kFiles[] = {"tokenizer.json",    "tokenizer_config.json",
                                  "tokenizer.model",   "special_tokens_map.json",
                                  "vocab.json",        "merges.txt",
                                  "added_tokens.json", "chat_template.jinja",
                                  "chat_template.json"};

}  // namespace

std::string write_tokenizer_files(const Checkpoint& source, ModelWriter& writer) {
  if (source.format() == Format::kGguf) {
    const MadeTokenizer made = make_tokenizer(source);
    if (!made.problem.empty()) return made.problem;
    writer.put_file("tokenizer.json", made.tokenizer_json);
    writer.put_file("tokenizer_config.json", made.tokenizer_config_json);
    return {};
  }
  for (const char* name : kFiles)
    if (is_there(source.path() / name)) writer.put_file(name, read_text(source.path() / name));
  return {};
}

}  // namespace nety::checkpoint
