// nety chat: a conversation. The whole of it is rendered each turn and only what is new is read, so
// that /undo, /regen and /system need no special cases.
#include <fmt/core.h>

#include "app/command.h"
#include "app/console.h"
#include "app/forgetting.h"
#include "app/generation.h"
#include "app/input.h"
#include "app/line_editor.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/structured.h"
#include "app/thinking_output.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/base/words.h"

namespace nety::app {
namespace {

class Conversation {
 public:
  Conversation(LoadedModel& loaded, ModelText text, chat::ChatTemplate format,
               const ModelOptions& options, GenerationOptions generation, std::string system,
               std::optional<Structure> structure, const Context& context)
      : loaded_(loaded),
        text_(std::move(text)),
        format_(std::move(format)),
        engine_(*loaded.model, *loaded.backend, size_of(options, loaded, generation)),
        sequence_(engine_.open_sequence()),
        generation_(std::move(generation)),
        system_(std::move(system)),
        structure_(std::move(structure)),
        context_(context),
        language_(context.language),
        quiet_(!stdout_is_terminal() || context.verbosity < 0) {}

  int talk();

 private:
  enum class Next { kGoOn, kLeave };
  std::optional<std::string> read_question(bool& cancelled);
  Next command(const std::string& line);
  void ask(const std::string& question);
  void answer();
  void set(std::string_view arguments);
  void forget(size_t turns);
  /// The system message, and the turns from `first` on.
  std::vector<chat::Message> messages(size_t first) const;
  PromptIds prompt();
  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, language_);
  }

  LoadedModel& loaded_;
  ModelText text_;
  chat::ChatTemplate format_;
  static engine::EngineOptions size_of(const ModelOptions& options, const LoadedModel& loaded,
                                       const GenerationOptions& generation) {
    engine::EngineOptions size = engine_options(options, loaded);
    size.logit_rows = generation.logit_rows();
    return size;
  }

  engine::Engine engine_;
  engine::Sequence sequence_;
  GenerationOptions generation_;
  std::string system_;
  std::optional<Structure> structure_;
  std::vector<chat::Message> turns_;
  size_t forgotten_ = 0;  // so many of the oldest are no longer read: the context was full
  LineEditor editor_;
  const Context& context_;
  Language language_;
  bool quiet_;
};

/// The names that /set knows, on lines that fit beside the list of commands.
std::string settings_text() {
  constexpr size_t kWidth = 58, kIndent = 17;
  std::string text;
  size_t width = 0;
  for (const std::string& name : GenerationOptions::settings()) {
    const bool breaks = width > 0 && width + name.size() + 2 > kWidth;
    if (width > 0) text += breaks ? ",\n" + std::string(kIndent, ' ') : ", ";
    text += name;
    width = (breaks ? 0 : width + 2) + name.size();
  }
  return text;
}

std::vector<chat::Message> Conversation::messages(size_t first) const {
  std::vector<chat::Message> all;
  if (!system_.empty()) all.push_back({"system", system_});
  all.insert(all.end(), turns_.begin() + static_cast<ptrdiff_t>(std::min(first, turns_.size())),
             turns_.end());
  return all;
}

/// What is to be read of the conversation; the oldest turns go if it leaves an answer no room.
PromptIds Conversation::prompt() {
  const auto from = [this](size_t first) {
    return render_conversation(format_, text_, messages(first), generation_);
  };
  const int64_t context = engine_.options().context;
  PromptIds made;
  size_t made_from = turns_.size();
  const size_t first = turns_to_forget(
      turns_, forgotten_, context, room_for_answer(context, generation_.tokens), [&](size_t turn) {
        made = from(turn);
        made_from = turn;
        return static_cast<int64_t>(made.ids.size());
      });
  if (first > forgotten_)
    notice(context_, Text{message::chat_forgotten, {std::to_string(first - forgotten_)}});
  forgotten_ = first;
  return made_from == first ? made : from(first);
}

void Conversation::forget(size_t turns) {
  turns_.resize(turns);
  forgotten_ = std::min(forgotten_, turns);
}

std::optional<std::string> Conversation::read_question(bool& cancelled) {
  std::optional<std::string> line = editor_.read(quiet_ ? "" : ">>> ", cancelled);
  if (!line || cancelled || !line->starts_with("\"\"\"")) return line;
  std::string text = line->substr(3);
  while (!text.ends_with("\"\"\"")) {
    line = editor_.read(quiet_ ? "" : "... ", cancelled);
    if (!line || cancelled) return line;
    text += "\n" + *line;
  }
  text.resize(text.size() - 3);
  return text;
}

void Conversation::answer() {
  const auto [ids, opened] = prompt();
  // What has been read of this conversation stays.
  const auto kept = static_cast<size_t>(sequence_.keep_prefix(ids));
  clear_interrupt();
  engine::GenerateOptions options = generation_.resolve(*loaded_.checkpoint, text_.special);
  const std::unique_ptr<engine::Constraint> constraint =
      structure_ ? structure_->constraint() : nullptr;
  options.constraint = constraint.get();
  ThinkingOutput output(opened, generation_.hides_thoughts());
  const engine::Answer result =
      engine::generate(sequence_, text_.tokenizer, std::span(ids).subspan(kept), options,
                       [&](std::string_view text) {
                         output.push(text);
                         return !interrupted();
                       });
  output.finish();
  clear_interrupt();
  write_output("\n");
  turns_.push_back({"assistant", output.filter().content(), output.filter().thinking(),
                    std::string(opened) + result.text});
  if (quiet_) return;
  const auto steps = static_cast<double>(result.gaps_s.size());
  std::string line = fmt::format("    ttft {:.2f} s", result.ttft_s);
  if (result.decode_s > 0)
    line += fmt::format(" · {} tok/s", format_number(steps / result.decode_s));
  line += " · " + say(message::chat_length,
                      {std::to_string(result.ids.size()), std::to_string(sequence_.length()),
                       std::to_string(engine_.options().context)});
  if (result.finish == engine::FinishReason::kContext) line += " · " + say(message::chat_full);
  if (result.finish == engine::FinishReason::kLength) line += " · " + say(message::chat_cut);
  print_aside(fmt::format("\x1b[2m{}\x1b[0m\n", line));
}

void Conversation::ask(const std::string& question) {
  turns_.push_back({"user", question});
  const size_t turns = turns_.size(), forgotten = forgotten_;
  try {
    answer();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage || quiet_) throw;
    turns_.resize(turns - 1);  // a question that does not fit is not part of the conversation
    forgotten_ = forgotten;
    print_error(error);
  }
}

void Conversation::set(std::string_view arguments) {
  const size_t blank = arguments.find(' ');
  const std::string name(arguments.substr(0, blank));
  const std::string text(blank == std::string_view::npos ? "" : arguments.substr(blank + 1));
  generation_.set(name, text);
}

Conversation::Next Conversation::command(const std::string& line) {
  const size_t blank = line.find(' ');
  const std::string name = line.substr(0, blank);
  const std::string rest = blank == std::string::npos ? "" : line.substr(blank + 1);
  if (name == "/exit" || name == "/quit" || name == "/bye") return Next::kLeave;
  if (name == "/help" || name == "/?") {
    write_output(say(message::chat_help, {settings_text()}) + "\n");
  } else if (name == "/clear") {
    forget(0);
  } else if (name == "/undo") {
    forget(turns_.size() >= 2 ? turns_.size() - 2 : 0);
  } else if (name == "/regen") {
    if (turns_.empty()) throw Error(ErrorKind::kUsage, "/regen: nothing has been asked yet", "");
    turns_.pop_back();
    answer();
  } else if (name == "/system") {
    system_ = rest;
    forget(0);
  } else if (name == "/set") {
    set(rest);
  } else if (name == "/stats") {
    write_page(say(message::chat_stats,
                   {loaded_.checkpoint->name(), loaded_.mode, std::string(loaded_.backend->name()),
                    std::to_string(sequence_.length()), std::to_string(engine_.options().context),
                    format_bytes(engine_.cache_bytes())}) +
               "\n");
  } else {
    throw Error(ErrorKind::kUsage, fmt::format("unknown command {}", name),
                "/help lists the commands.");
  }
  return Next::kGoOn;
}

int Conversation::talk() {
  bool armed = false;  // one Ctrl-C on an empty line has been pressed
  for (;;) {
    bool cancelled = false;
    const std::optional<std::string> line = read_question(cancelled);
    if (cancelled) {
      if (armed) return 0;
      armed = true;
      print_aside(say(message::chat_leave) + "\n");
      continue;
    }
    armed = false;
    if (!line) break;
    if (line->empty()) continue;
    if (!line->starts_with('/')) {
      ask(*line);
      continue;
    }
    try {
      if (command(*line) == Next::kLeave) return 0;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kUsage) throw;
      print_error(error);
    }
  }
  if (!quiet_) write_output("\n");
  return 0;
}

class Chat final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare(arguments);
    arguments.text("--system", system_, "The system message");
    generation_.tokens = 1024;
    structured_.declare(arguments);
    generation_.declare(arguments);
  }

  int run(const Context& context) override {
    std::optional<ModelText> text;
    std::optional<chat::ChatTemplate> format;
    std::optional<grammar::Grammar> grammar = structured_.read(context);
    std::optional<Structure> structure;
    const auto read = [&](const checkpoint::Checkpoint& checkpoint) {
      text.emplace(load_text(checkpoint, context));
      // A template that cannot be used is refused now, not after the first question.
      format.emplace(load_template(checkpoint, generation_));
      const std::vector<chat::Message> probe = {{"user", "x"}};
      render_conversation(*format, *text, probe, generation_);
      const engine::GenerateOptions options = generation_.resolve(checkpoint, text->special);
      if (grammar)
        structure.emplace(*std::move(grammar), text->tokenizer, options.end_ids,
                          static_cast<int32_t>(checkpoint.config().vocab));
    };
    std::optional<LoadedModel> loaded = load(options_, context, read);
    if (!loaded) return 0;
    Conversation conversation(*loaded, *std::move(text), *std::move(format), options_, generation_,
                              system_, std::move(structure), context);
    if (stdout_is_terminal())
      notice(context,
             Text{message::chat_banner,
                  {loaded->checkpoint->name(), loaded->mode, std::string(loaded->backend->name()),
                   std::to_string(loaded->backend->threads())}});
    return conversation.talk();
  }

 private:
  ModelOptions options_;
  GenerationOptions generation_;
  StructuredOptions structured_;
  std::string system_;
};

}  // namespace

std::unique_ptr<Command> make_chat() { return std::make_unique<Chat>(); }

}  // namespace nety::app
