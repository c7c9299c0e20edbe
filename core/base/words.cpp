#include "core/base/words.h"

namespace nety {

void append_word(std::string& list, std::string_view word, std::string_view separator) {
  if (!list.empty()) list += separator;
  list += word;
}

std::string last_line(std::string_view text, size_t most) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (const size_t newline = text.rfind('\n'); newline != std::string_view::npos)
    text.remove_prefix(newline + 1);
  return text.size() > most ? std::string(text.substr(0, most)) + "..." : std::string(text);
}

}  // namespace nety
