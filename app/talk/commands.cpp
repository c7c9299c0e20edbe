#include "app/talk/commands.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/talk/messages.h"
#include "app/talk/word_wrap.h"
#include "core/base/plain_text.h"
#include "core/base/words.h"

namespace nety::talk {
namespace {

constexpr CommandRow kCommands[] = {
#define NETY_CHAT_COMMAND(symbol, name, completes, argument, french, does) \
  {CommandId::symbol, name, Completes::completes, argument, french, message::does},
#include "app/talk/commands.def"
#undef NETY_CHAT_COMMAND
};

constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"/?", "/help"}, {"/quit", "/exit"}, {"/bye", "/exit"}};

/// Columns of the names; where they would leave too little, texts stand below them.
constexpr size_t kNames = 26, kNarrow = 64, kBelow = 4;

void add_entry(std::string& page, std::string_view name, const std::string& text, size_t columns) {
  const bool narrow = columns > 0 && columns < kNarrow;
  const size_t indent = narrow ? kBelow : kNames;
  page += narrow ? std::string(name) + "\n" + std::string(indent, ' ') : padded(name, indent);
  const std::string lines = wrapped(text, columns > indent ? columns - indent : 0);
  for (const char c : lines) {
    page += c;
    if (c == '\n') page.append(indent, ' ');
  }
  page += '\n';
}

}  // namespace

std::span<const CommandRow> commands() { return kCommands; }

const CommandRow* find_command(std::string_view name) {
  for (const auto& [other, usual] : kOtherNames)
    if (name == other) name = usual;
  const auto found = std::ranges::find(kCommands, name, &CommandRow::name);
  return found == std::end(kCommands) ? nullptr : &*found;
}

std::string help_text(std::span<const std::string> settings, size_t columns, Language language) {
  std::string page;
  for (const CommandRow& row : kCommands) {
    std::string name(row.name);
    if (!row.argument.empty()) name += " " + std::string(row.argument_in(language));
    Text text{row.does, {}};
    if (row.id == CommandId::set) text.args.push_back(joined(settings));
    add_entry(page, name, render(text, language), columns);
  }
  add_entry(page, "\"\"\"", render({message::talk_lines, {}}, language), columns);
  return page + wrapped(render({message::talk_keys, {}}, language), columns) + "\n";
}

}  // namespace nety::talk
