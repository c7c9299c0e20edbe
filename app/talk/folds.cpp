#include "app/talk/folds.h"

#include <algorithm>

#include "app/talk/characters.h"
#include "app/talk/messages.h"
#include "core/base/printable.h"

namespace nety::talk {
namespace {

constexpr size_t kLongestLine = 1000;  // bytes of a line that stays as it is
constexpr size_t kBeginning = 20;      // columns of a text that are shown of it

std::string beginning(std::string_view text) {
  const std::string line = one_line(text.substr(0, text.find('\n')));
  std::string_view rest = line;
  std::string shown;
  for (size_t columns = 0; !rest.empty();) {
    const Character one = first_character(rest);
    columns += one.columns;
    if (columns > kBeginning) return shown + "…";
    shown += rest.substr(0, one.bytes);
    rest.remove_prefix(one.bytes);
  }
  return shown;
}

}  // namespace

std::string Folds::fold(std::string_view text) {
  if (text.find('\n') == std::string_view::npos && text.size() <= kLongestLine)
    return std::string(text);
  std::string whole(text);
  const auto known = folds_.find(whole);
  if (known != folds_.end()) return known->second;
  const auto lines = static_cast<size_t>(std::ranges::count(text, '\n')) + 1;
  std::string name =
      render({message::talk_fold,
              {std::to_string(lines), std::to_string(texts_.size() + 1), beginning(text)}},
             language_);
  texts_.emplace(name, whole);
  folds_.emplace(std::move(whole), name);
  return name;
}

std::string Folds::unfold(std::string_view line) const {
  std::string text;
  while (!line.empty()) {
    size_t bytes = 1;
    std::string_view part = line.substr(0, 1);
    if (line[0] == '[')
      for (const auto& [name, whole] : texts_)
        if (line.starts_with(name)) {
          bytes = name.size();
          part = whole;
        }
    text += part;
    line.remove_prefix(bytes);
  }
  return text;
}

std::string with_plain_line_ends(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!pair) plain += text[i] == '\r' ? '\n' : text[i];
  }
  while (plain.ends_with('\n')) plain.pop_back();
  return plain;
}

}  // namespace nety::talk
