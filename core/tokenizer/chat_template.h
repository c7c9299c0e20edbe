// How a conversation becomes a prompt. Known templates are recognised by their exact text and
// rendered in C++; anything else is refused, never guessed.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nety::tokenizer {

struct Message {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// One recognised prompt format. A value: a pointer to a row of a static table.
class ChatTemplate {
 public:
  /// Recognises the Jinja text of a checkpoint's template. `source` names the checkpoint.
  /// Error: kCheckpoint if it is empty or not one we know, saying which we know and that --raw
  /// works without one.
  static ChatTemplate recognise(std::string_view jinja, const std::string& source);

  /// "chatml-smollm2", "llama3", "mistral-v0.2", "zephyr", "llama2" ...
  std::string_view name() const;
  /// The prompt for `messages` with the answer expected next, special tokens as text, the beginning
  /// of sequence token included (encode it with add_special = false). Error: kUsage if the roles do
  /// not fit the format (a system role where it has none ...).
  std::string render(std::span<const Message> messages, std::string_view bos_token) const;

 private:
  struct Row;
  explicit ChatTemplate(const Row* row) : row_(row) {}
  const Row* row_;
};

}  // namespace nety::tokenizer
