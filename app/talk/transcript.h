// A conversation written out: Markdown for people, JSON for programs.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/chat/chat_template.h"

namespace nety::talk {

/// What is said of a conversation besides its turns.
struct About {
  std::string model, mode, backend, created_utc, system;
};

std::string as_markdown(const About& about, std::span<const chat::Message> turns);
/// {"model", "mode", "backend", "created_utc", "messages": [{"role", "content", "thinking"}]}:
/// messages as OpenAI's interface takes them.
std::string as_json(const About& about, std::span<const chat::Message> turns);

/// In the form that the name asks for by its end. Errors: kUsage for a name that ends in neither
/// .md nor .json, kIo.
void write_transcript(const std::filesystem::path& path, const About& about,
                      std::span<const chat::Message> turns);

}  // namespace nety::talk
