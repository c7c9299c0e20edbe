// What the program says to people, in their language, from one compiled-in table (messages.def).
// Errors are in English: they name files, tensors and options, and people search for their text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nety {

enum class Language { kEnglish, kFrench };

/// Every message has an id: the first column of messages.def.
enum class MessageId {
#define NETY_MESSAGE(id, english, french) id,
#include "core/base/messages.def"
#undef NETY_MESSAGE
};

/// A message with its values, not yet in any language. Libraries return these; the application and
/// the renderers render them.
struct Text {
  MessageId id;
  std::vector<std::string> args;  ///< Replaces {0}, {1} ... of the table's text.
};

/// The message in `language`.
std::string render(const Text& text, Language language);
/// The message's id as a stable word, for JSON: "device_cpu".
std::string_view name_of(MessageId id);

/// The language of `flag` ("fr", "en", "fr_FR.UTF-8"), else of LC_ALL, LC_MESSAGES or LANG,
/// whichever is set first; English otherwise. The system's locale need not be installed. Error:
/// kUsage if `flag` is neither empty nor a language we have.
Language choose_language(std::string_view flag);

}  // namespace nety
