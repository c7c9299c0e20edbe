// Where a Hugging Face directory keeps its chat template.
#pragma once

#include <filesystem>
#include <string>

namespace nety::checkpoint {

/// The text of chat_template.jinja, or of tokenizer_config.json's "chat_template": a string, or a
/// list of named ones of which "default" counts. Empty if there is none. Error: kCheckpoint if
/// tokenizer_config.json is not JSON.
std::string read_chat_template(const std::filesystem::path& directory);

}  // namespace nety::checkpoint
