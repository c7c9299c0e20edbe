// Questions and answers. The commands are in conversation_commands.cpp, sessions in
// conversation_sessions.cpp.
#include "app/conversation.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/console.h"
#include "app/forgetting.h"
#include "app/input.h"
#include "app/messages.h"
#include "app/talk/attachment.h"
#include "app/talk/completion.h"
#include "app/thinking_output.h"
#include "core/base/error.h"
#include "core/base/printable.h"
#include "core/base/units.h"

namespace nety::app {
namespace {

engine::EngineOptions size_of(const ModelOptions& options, const LoadedModel& loaded,
                              const GenerationOptions& generation) {
  engine::EngineOptions size = engine_options(options, loaded);
  size.logit_rows = generation.logit_rows();
  return size;
}

size_t columns() { return terminal_columns(STDOUT_FILENO).value_or(0); }

talk::Names names() {
  return {GenerationOptions::settings(), [] { return talk::SessionStore::of_user().names(); }};
}

/// Whether a failed command leaves the conversation as it was.
bool can_go_on(const Error& error) {
  return std::ferror(stdout) == 0 &&
         (error.kind() == ErrorKind::kUsage || error.kind() == ErrorKind::kIo ||
          error.kind() == ErrorKind::kCheckpoint);
}

}  // namespace

Conversation::Conversation(LoadedModel& loaded, ModelText text, chat::ChatTemplate format,
                           const ModelOptions& options, GenerationOptions generation,
                           std::string system, std::optional<Structure> structure,
                           const Context& context)
    : loaded_(loaded),
      text_(std::move(text)),
      format_(std::move(format)),
      engine_(*loaded.model, *loaded.backend, size_of(options, loaded, generation)),
      sequence_(engine_.open_sequence()),
      generation_(std::move(generation)),
      system_(std::move(system)),
      structure_(std::move(structure)),
      run_(options.run),
      context_(context),
      quiet_(!stdout_is_terminal() || context.verbosity < 0),
      editor_(context.language,
              [](std::string_view line) { return talk::complete(line, names()); }) {}

void Conversation::tell(std::string_view text) const {
  write_page(talk::wrapped(printable(text), columns()) + "\n");
}

void Conversation::tell_aside(const std::string& line) const {
  if (quiet_) return;
  const std::string text = talk::wrapped(line, columns(), 4);
  print_aside(look_.styles ? fmt::format("\x1b[2m{}\x1b[0m\n", text) : text + "\n");
}

talk::AnswerView Conversation::view() const {
  return {look_, columns, [](std::string_view text) { write_output(text); }};
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

size_t Conversation::last_question() const {
  for (size_t i = turns_.size(); i > 0; --i)
    if (turns_[i - 1].role == "user") return i - 1;
  return turns_.size();
}

std::optional<std::string> Conversation::read_question(bool& cancelled) {
  std::optional<std::string> line = editor_.read(quiet_ ? "" : ">>> ", cancelled);
  if (!line || cancelled) return line;
  std::string text = *line;
  if (line->starts_with("\"\"\"")) {
    text = line->substr(3);
    while (!text.ends_with("\"\"\"")) {
      line = editor_.read(quiet_ ? "" : "... ", cancelled);
      if (!line || cancelled) return line;
      text += "\n" + *line;
    }
    text.resize(text.size() - 3);
  }
  if (!text.empty()) editor_.remember(text);
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
  last_seed_ = options.sampling.seed;
  std::optional<talk::AnswerView> shown;
  std::optional<ThinkingOutput> output;
  if (stdout_is_terminal())
    output.emplace(opened, generation_.hides_thoughts(),
                   shown.emplace(structure_ ? talk::Look{} : look_, columns,  // JSON is no Markdown
                                 [](std::string_view text) { write_output(text); }));
  else
    output.emplace(opened, generation_.hides_thoughts());
  const engine::Answer result =
      engine::generate(sequence_, text_.tokenizer, std::span(ids).subspan(kept), options,
                       [&](std::string_view text) {
                         output->push(text);
                         return !interrupted();
                       });
  output->finish();
  clear_interrupt();
  write_output("\n");
  turns_.push_back({"assistant", output->filter().content(), output->filter().thinking(),
                    std::string(opened) + result.text});
  note_answer(result);
}

void Conversation::note_answer(const engine::Answer& result) {
  const auto steps = static_cast<double>(result.gaps_s.size());
  totals_.answers += 1;
  totals_.read += result.prompt_tokens;
  totals_.read_s += result.prefill_s;
  totals_.written += static_cast<int64_t>(result.ids.size());
  totals_.steps += static_cast<int64_t>(result.gaps_s.size());
  totals_.decode_s += result.decode_s;
  std::string line = fmt::format("    ttft {:.2f} s", result.ttft_s);
  if (result.decode_s > 0)
    line += fmt::format(" · {} tok/s", format_number(steps / result.decode_s));
  line += " · " + say(message::chat_length,
                      {std::to_string(result.ids.size()), std::to_string(sequence_.length()),
                       std::to_string(engine_.options().context)});
  if (result.finish == engine::FinishReason::kContext) line += " · " + say(message::chat_full);
  if (result.finish == engine::FinishReason::kLength) line += " · " + say(message::chat_cut);
  tell_aside(line);
}

void Conversation::ask(const std::string& question) {
  turns_.push_back({"user", talk::with_attachments(attached_, question)});
  attached_.clear();
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

int Conversation::talk() {
  bool armed = false;  // one Ctrl-C on an empty line has been pressed
  while (!leaves_) {
    bool cancelled = false;
    const std::optional<std::string> line = read_question(cancelled);
    if (cancelled) {
      if (armed) return 0;
      armed = true;
      print_aside(say(message::chat_leave) + "\n");
      continue;
    }
    armed = false;
    if (!line) {
      if (!quiet_) write_output("\n");
      return 0;
    }
    if (line->empty()) continue;
    // A pasted text that begins with a slash is a question.
    if (!line->starts_with('/') || line->find('\n') != std::string::npos) {
      ask(*line);
      continue;
    }
    try {
      command(*line);
    } catch (const Error& error) {
      if (!can_go_on(error)) throw;
      print_error(error);
    }
  }
  return 0;
}

}  // namespace nety::app
