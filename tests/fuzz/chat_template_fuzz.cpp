// Templates are recognised by their text or refused; a recognised one renders.
#include <array>

#include "core/base/error.h"
#include "core/tokenizer/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nety::tokenizer;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const ChatTemplate chat = ChatTemplate::recognise(text, "fuzz");
    const std::array messages = {Message{"system", text}, Message{"user", text}};
    chat.render(std::span(messages).subspan(1), "<s>");
    chat.render(messages, "<s>");
  } catch (const nety::Error&) {
  }
  return 0;
}
