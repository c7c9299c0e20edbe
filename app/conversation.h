// A conversation on a terminal or over a pipe. The whole of it is rendered each turn and only what
// is new is read, so that /undo, /regen and /system need no special cases.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.h"
#include "app/generation.h"
#include "app/line_editor.h"
#include "app/model_options.h"
#include "app/structured.h"
#include "app/talk/answer_view.h"
#include "app/talk/commands.h"
#include "app/talk/session_file.h"
#include "app/talk/session_store.h"
#include "core/engine/generation.h"

namespace nety::app {

/// Tokens of an answer where nothing is said of them.
inline constexpr int64_t kChatTokens = 1024;

class Conversation {
 public:
  Conversation(LoadedModel& loaded, ModelText text, chat::ChatTemplate format,
               const ModelOptions& options, GenerationOptions generation, std::string system,
               std::optional<Structure> structure, const Context& context);

  /// Goes on with a kept session. `keeps_given`: the system message and settings that the command
  /// line gave count more than the session's. Error: kUsage if it is of another model or mode.
  void resume(const std::string& name, talk::KeptSession kept, bool keeps_given);
  /// Until the person leaves. Returns the exit code.
  int talk();

 private:
#define NETY_CHAT_COMMAND(symbol, ...) void do_##symbol(const std::string& argument);
#include "app/talk/commands.def"
#undef NETY_CHAT_COMMAND

  std::optional<std::string> read_question(bool& cancelled);
  void command(const std::string& line);
  void ask(const std::string& question);
  void answer();
  void note_answer(const engine::Answer& result);
  void forget(size_t turns);
  /// The turn of the last question; turns_.size() if there is none.
  size_t last_question() const;
  /// The system message, and the turns from `first` on.
  std::vector<chat::Message> messages(size_t first) const;
  PromptIds prompt();

  talk::Running running();
  talk::Session session();
  /// Why the session's tokens must be read again; empty: what was read of them is here.
  std::string take_state(const talk::KeptSession& kept);
  void read_again(const std::vector<int32_t>& tokens);
  void show_last_turns();

  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, context_.language);
  }
  /// A line of ours, broken at the terminal's width. No control character reaches the terminal.
  void tell(std::string_view text) const;
  void tell(MessageId id, std::vector<std::string> args = {}) const {
    tell(say(id, std::move(args)));
  }
  /// Beside the conversation, dimmed, where somebody reads it.
  void tell_aside(const std::string& line) const;
  talk::AnswerView view() const;

  LoadedModel& loaded_;
  ModelText text_;
  chat::ChatTemplate format_;
  engine::Engine engine_;
  engine::Sequence sequence_;
  GenerationOptions generation_;
  std::string system_;
  std::optional<Structure> structure_;
  std::vector<chat::Message> turns_;
  size_t forgotten_ = 0;  // so many of the oldest are no longer read: the context was full
  std::string attached_;  // goes along with the next question
  std::string session_name_;
  std::string model_hash_;  // once it was asked for
  options::RunOptions run_;
  const Context& context_;
  bool quiet_, leaves_ = false;
  talk::Look look_ = talk::look_of_environment();
  LineEditor editor_;
  std::optional<uint64_t> last_seed_;
  struct Totals {
    int64_t answers = 0, read = 0, steps = 0, written = 0;
    double read_s = 0, decode_s = 0;
  } totals_;
};

}  // namespace nety::app
