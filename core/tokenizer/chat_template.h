// How a conversation becomes a prompt. Known templates are recognised by their text, whatever its
// layout (template_form.h), and rendered in C++; anything else is refused, never guessed.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/text_range.h"

namespace nety::tokenizer {

struct ChatFormat;

struct Message {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// What a template may name besides the messages.
struct TemplateContext {
  std::string_view bos_token;           ///< Text of the beginning-of-sequence token.
  std::string_view eos_token = "</s>";  ///< Text of the end-of-sequence token.
  /// The day for the one format that puts it into the prompt ("llama3.2"), as transformers does.
  std::chrono::year_month_day today = local_today();

  static std::chrono::year_month_day local_today();
};

/// One recognised prompt format. A value: a pointer to a row of a static table.
class ChatTemplate {
 public:
  /// Recognises the Jinja text of a checkpoint's template. `source` names the checkpoint.
  /// Error: kCheckpoint if it is empty or not one we know, saying which we know and that --raw
  /// works without one.
  static ChatTemplate recognise(std::string_view jinja, const std::string& source);
  /// The format of that name. Error: kUsage if there is none, saying which there are.
  static ChatTemplate named(std::string_view name);
  /// "chatml, chatml-smollm2, ...".
  static std::string names();

  /// "chatml-smollm2", "llama3", "mistral-v0.2", "zephyr", "llama2" ...
  std::string_view name() const;
  /// The prompt for `messages` with the answer expected next, special tokens as text, the beginning
  /// of sequence token included (encode it with add_special = false). Error: kUsage if the roles do
  /// not fit the format (a system role where it has none ...).
  /// `contents`: filled with where the messages' contents stand in it.
  std::string render(std::span<const Message> messages, const TemplateContext& context,
                     std::vector<TextRange>* contents = nullptr) const;
  std::string render(std::span<const Message> messages, std::string_view bos_token) const {
    return render(messages, TemplateContext{.bos_token = bos_token});
  }

 private:
  explicit ChatTemplate(const ChatFormat* format) : format_(format) {}
  const ChatFormat* format_;
};

}  // namespace nety::tokenizer
