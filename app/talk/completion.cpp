#include "app/talk/completion.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "app/talk/commands.h"
#include "core/base/printable.h"

namespace nety::talk {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kThinkWords[] = {"hide", "off", "show"};

template <class Range>
std::vector<std::string> starting(const Range& words, std::string_view begin) {
  std::vector<std::string> found;
  for (const auto& word : words)
    if (std::string_view(word).starts_with(begin)) found.emplace_back(word);
  return found;
}

/// Files of the folder that `path` names so far; hidden ones if it begins their name.
std::vector<std::string> paths(std::string_view path) {
  const size_t slash = path.rfind('/');
  const std::string_view folder = slash == std::string_view::npos ? "" : path.substr(0, slash + 1);
  const std::string_view begin = path.substr(folder.size());
  std::vector<std::string> found;
  std::error_code failure;
  const fs::path where = folder.empty() ? fs::path(".") : fs::path(expanded(folder));
  for (fs::directory_iterator it(where, failure), end; !failure && it != end;
       it.increment(failure)) {
    std::string name = it->path().filename().string();
    if (!name.starts_with(begin) || (begin.empty() && name.starts_with('.'))) continue;
    if (printable(name) != name) continue;  // it could not be typed
    std::error_code ignored;
    if (it->is_directory(ignored)) name += '/';
    found.push_back(std::string(folder) + name);
  }
  return found;
}

std::vector<std::string> arguments(const CommandRow& row, std::string_view begin,
                                   const Names& names) {
  switch (row.completes) {
    case Completes::kNothing:
      return {};
    case Completes::kSetting:
      return starting(names.settings, begin);
    case Completes::kThink:
      return starting(kThinkWords, begin);
    case Completes::kPath:
      return paths(begin);
    case Completes::kSession:
      return names.sessions ? starting(names.sessions(), begin) : std::vector<std::string>();
  }
  return {};
}

}  // namespace

std::string Completion::common() const {
  if (choices.empty()) return {};
  size_t same = choices.front().size();
  for (const std::string& one : choices) {
    const auto [a, b] = std::ranges::mismatch(choices.front(), one);
    same = std::min(same, static_cast<size_t>(a - choices.front().begin()));
  }
  // Not in the middle of a character.
  while (same > 0 && same < choices.front().size() &&
         (static_cast<unsigned char>(choices.front()[same]) & 0xc0U) == 0x80U)
    --same;
  return choices.front().substr(0, same);
}

Completion complete(std::string_view line, const Names& names) {
  Completion found;
  if (!line.starts_with('/')) return found;
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos) {
    for (const CommandRow& row : commands())
      if (row.name.starts_with(line))
        found.choices.push_back(std::string(row.name) + (row.argument.empty() ? "" : " "));
  } else if (const CommandRow* row = find_command(line.substr(0, blank))) {
    found.begin = std::min(line.find_first_not_of(' ', blank), line.size());
    found.choices = arguments(*row, line.substr(found.begin), names);
  }
  std::ranges::sort(found.choices);
  return found;
}

std::string expanded(std::string_view path) {
  const char* home = std::getenv("HOME");
  if (!path.starts_with("~/") || home == nullptr) return std::string(path);
  return home + std::string(path.substr(1));
}

}  // namespace nety::talk
