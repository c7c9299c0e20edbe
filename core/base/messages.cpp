// Lookup and substitution. Substitution is our own: fmt would need compile-time formats.
#include "core/base/messages.h"

#include <cstdlib>

#include "core/base/error.h"

namespace nety {
namespace {

bool names(std::string_view locale, std::string_view language) {
  return locale.starts_with(language) &&
         (locale.size() == language.size() ||
          std::string_view("_.@-").find(locale[language.size()]) != std::string_view::npos);
}

}  // namespace

std::string render(const Text& text, Language language) {
  const std::string_view pattern =
      language == Language::kFrench ? text.id->french : text.id->english;
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool hole = pattern[i] == '{' && i + 2 < pattern.size() && pattern[i + 2] == '}';
    const size_t index = hole ? static_cast<size_t>(pattern[i + 1] - '0') : text.args.size();
    if (index < text.args.size()) {
      out += text.args[index];
      i += 2;
    } else {
      out += pattern[i];
    }
  }
  return out;
}

Language choose_language(std::string_view flag) {
  std::string_view wanted = flag;
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    if (!wanted.empty()) break;
    if (const char* value = std::getenv(variable); value != nullptr) wanted = value;
  }
  if (names(wanted, "fr")) return Language::kFrench;
  if (!flag.empty() && !names(wanted, "en") && !names(wanted, "C"))
    throw Error(ErrorKind::kUsage, "--lang: unknown language '" + std::string(flag) + "'",
                "Languages: en, fr.");
  return Language::kEnglish;
}

}  // namespace nety
