// The prompt formats: what each puts around the messages of a conversation.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace nety::tokenizer {

/// What stands around a message of one role: begin, content, middle, the EOS token if `eos`, end.
struct ChatTurn {
  std::string_view begin = {}, middle = {}, end = {};
  bool eos = false;
  bool strip = false;  ///< White space is taken off the content, as Python's str.strip() does.
};

/// Where the system message goes.
enum class SystemPlace : uint8_t {
  kNone,       ///< Nowhere: it is an error.
  kTurn,       ///< Wherever it stands, as a turn of its own.
  kFirst,      ///< Only at the beginning, as a turn of its own.
  kFirstUser,  ///< Into the first user message.
  kLastUser,   ///< Into the last message, if that is the user's; else it is left out.
};

/// One way to write a conversation.
struct ChatFormat {
  std::string_view name;
  bool bos = false;           ///< The BOS token stands first ...
  bool bos_per_turn = false;  ///< ... or before every user message.
  SystemPlace place = SystemPlace::kTurn;
  ChatTurn system = {};  ///< kFirstUser and kLastUser: what stands around it in the user's.
  ChatTurn user = {};
  ChatTurn assistant = {};
  bool always_system = false;  ///< There is a system turn even without a system message ...
  std::string_view default_system = {};  ///< ... with this content.
  bool dated = false;            ///< The system turn's begin ends in "<day> <month> <year>\n\n".
  bool alternate = false;        ///< User and assistant must take turns, the user first.
  std::string_view prompt = {};  ///< What asks for the answer.
  bool prompt_after_assistant = true;  ///< Also where the last message is the assistant's.
};

/// All formats.
std::span<const ChatFormat> chat_formats();

}  // namespace nety::tokenizer
