// The table of what may be typed instead of a question, and the help made from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/messages.h"

namespace nety::talk {

/// What an argument is completed from.
enum class Completes : uint8_t { kNothing, kSetting, kThink, kPath, kSession };

enum class CommandId : uint8_t {
#define NETY_CHAT_COMMAND(symbol, ...) symbol,
#include "app/talk/commands.def"
#undef NETY_CHAT_COMMAND
};

struct CommandRow {
  CommandId id;
  std::string_view name;  ///< With its slash.
  Completes completes;
  std::string_view argument, argument_french;
  MessageId does;

  std::string_view argument_in(Language language) const {
    return language == Language::kFrench ? argument_french : argument;
  }
};

std::span<const CommandRow> commands();
/// The row of that name or of another name for it (/quit, /bye, /?); null if there is none.
const CommandRow* find_command(std::string_view name);

/// The list of commands and keys, for a terminal of so many columns (0: unknown). `settings`: the
/// names that /set knows.
std::string help_text(std::span<const std::string> settings, size_t columns, Language language);

}  // namespace nety::talk
