// How a conversation becomes a prompt: the checkpoint's own Jinja template, rendered as
// transformers does, or one of ours by name.
#pragma once

#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/template.h"
#include "core/tokenizer/text_range.h"

namespace nety::chat {

struct Message {
  std::string role;             ///< "system", "user", "assistant", or what else the template knows.
  std::string content;          ///< Without the thinking part.
  std::string thinking = {};    ///< What an answer thought first (thinking.h), without its tags;
  std::string whole = {};       ///< and then all of it as the model wrote it.
  jinja::Data tool_calls = {};  ///< Of an answer: a list, as templates take it, or nothing.
  std::string tool_call_id = {};  ///< Of role "tool": which call this is the result of,
  std::string name = {};          ///< and of which tool.
};

/// What a template may name besides the messages.
struct TemplateContext {
  std::string_view bos_token;           ///< Text of the beginning-of-sequence token.
  std::string_view eos_token = "</s>";  ///< Text of the end-of-sequence token.
  /// "enable_thinking" and "thinking"; templates without them do as they please.
  std::optional<bool> thinking = std::nullopt;
  const jinja::Data* tools = nullptr;  ///< A list of what the model may call; null: nothing.
  std::tm now = local_now();           ///< What strftime_now() tells.

  static std::tm local_now();
};

struct Prompt {
  std::string text;                            ///< Special tokens as text, BOS included.
  std::vector<tokenizer::TextRange> contents;  ///< Parts that messages wrote, in order.
};

class ChatTemplate {
 public:
  /// `source` names it in messages. Error: kCheckpoint if it is empty, or is Jinja that we do not
  /// know, naming construct and line.
  static ChatTemplate read(std::string_view jinja, const std::string& source);
  /// One of ours. Error: kUsage if there is none of that name, saying which there are.
  static ChatTemplate named(std::string_view name);
  static bool is_name(std::string_view name);
  /// "chatml, chatml-bos, ...".
  static std::string names();

  /// The prompt for `messages` with the answer expected next (encode it with add_special = false).
  /// Errors: kUsage if the template refuses the conversation, or there is none; kCheckpoint if it
  /// cannot be rendered.
  Prompt render(std::span<const Message> messages, const TemplateContext& context) const;
  /// Its text.
  std::string_view jinja() const { return jinja_; }

 private:
  ChatTemplate(std::string_view jinja, jinja::Template made, bool splits)
      : jinja_(jinja), template_(std::move(made)), splits_(splits) {}

  std::string jinja_;
  jinja::Template template_;
  bool splits_;  // it takes thoughts as "reasoning_content"
};

}  // namespace nety::chat
