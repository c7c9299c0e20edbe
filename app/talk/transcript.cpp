#include "app/talk/transcript.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/printable.h"

namespace nety::talk {
namespace {

using Json = nlohmann::ordered_json;

void add_part(std::string& text, std::string_view title, std::string_view body) {
  text += fmt::format("\n## {}\n\n{}\n", title, printable(body));
}

std::string title_of(std::string role) {
  if (!role.empty() && role[0] >= 'a' && role[0] <= 'z') role[0] = static_cast<char>(role[0] - 32);
  return printable(role);
}

}  // namespace

std::string as_markdown(const About& about, std::span<const chat::Message> turns) {
  std::string text = fmt::format("# {}\n\nMode {}, {}, {}\n", one_line(about.model), about.mode,
                                 about.backend, about.created_utc);
  if (!about.system.empty()) add_part(text, "System", about.system);
  for (const chat::Message& turn : turns) {
    if (!turn.thinking.empty()) {
      std::string quoted = "> ";
      for (const char c : turn.thinking)
        quoted += c == '\n' ? std::string("\n> ") : std::string(1, c);
      add_part(text, title_of(turn.role), quoted + "\n\n" + turn.content);
    } else {
      add_part(text, title_of(turn.role), turn.content);
    }
  }
  return text;
}

std::string as_json(const About& about, std::span<const chat::Message> turns) {
  Json json{{"model", about.model},
            {"mode", about.mode},
            {"backend", about.backend},
            {"created_utc", about.created_utc},
            {"messages", Json::array()}};
  Json& messages = json["messages"];
  if (!about.system.empty()) messages.push_back({{"role", "system"}, {"content", about.system}});
  for (const chat::Message& turn : turns) {
    messages.push_back({{"role", turn.role}, {"content", turn.content}});
    if (!turn.thinking.empty()) messages.back()["thinking"] = turn.thinking;
  }
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

void write_transcript(const std::filesystem::path& path, const About& about,
                      std::span<const chat::Message> turns) {
  const std::string end = path.extension().string();
  if (end != ".md" && end != ".json")
    throw Error(ErrorKind::kUsage,
                fmt::format("/export: '{}' ends in neither .md nor .json", path.string()),
                "The end of the name chooses the form: Markdown or JSON.");
  write_file(path, end == ".md" ? as_markdown(about, turns) : as_json(about, turns));
}

}  // namespace nety::talk
