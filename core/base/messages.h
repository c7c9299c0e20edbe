// What the program says to people, in their language, from compiled-in tables.
// Errors are in English: they name files, tensors and options, and people search for their text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nety {

enum class Language { kEnglish, kFrench };

/// A sentence in every language, with placeholders {0}, {1} ... for values. Each folder with
/// messages has its own table, messages.def beside its messages.h, so that a new sentence rebuilds
/// that folder only. Does not compile unless both languages are there and have the same
/// placeholders.
struct Message {
  std::string_view id, english, french;

  consteval Message(std::string_view the_id, std::string_view in_english,
                    std::string_view in_french)
      : id(the_id), english(in_english), french(in_french) {
    if (english.empty() || french.empty()) throw "a message lacks a language";
    if (holes(english) != holes(french)) throw "the languages ask for different values";
  }

 private:
  static constexpr unsigned holes(std::string_view text) {
    unsigned found = 0;
    for (size_t i = 0; i + 2 < text.size(); ++i)
      if (text[i] == '{' && text[i + 2] == '}') found |= 1U << (text[i + 1] - '0');
    return found;
  }
};

/// Refers to a message of a table, which lives forever.
class MessageId {
 public:
  constexpr MessageId(const Message& message) : message_(&message) {}
  constexpr const Message* operator->() const { return message_; }
  friend constexpr bool operator==(MessageId, MessageId) = default;

 private:
  const Message* message_;
};

/// A message with its values, not yet in any language. Libraries return these; the application and
/// the renderers render them.
struct Text {
  MessageId id;
  std::vector<std::string> args;  ///< Replaces {0}, {1} ... of the table's text.
};

/// The message in `language`.
std::string render(const Text& text, Language language);
/// The language of `flag` ("fr", "en", "fr_FR.UTF-8"), else of LC_ALL, LC_MESSAGES or LANG,
/// whichever is set first; English otherwise. The system's locale need not be installed. Error:
/// kUsage if `flag` is neither empty nor a language we have.
Language choose_language(std::string_view flag);

}  // namespace nety
