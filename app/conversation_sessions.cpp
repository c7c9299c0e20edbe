// Conversations that are kept with what was read of them, and gone on with.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "app/console.h"
#include "app/conversation.h"
#include "app/input.h"
#include "app/talk/messages.h"
#include "app/talk/model_hash.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/base/utc.h"
#include "core/measure/stopwatch.h"

namespace nety::app {
namespace {

constexpr size_t kStep = 512;  // tokens between two looks for Ctrl-C

std::string name_of_now() {
  std::string name = utc_text(std::chrono::system_clock::now());
  std::ranges::replace(name, ':', '.');
  return name;
}

/// A question may carry a whole file.
std::string first_lines(const std::string& text) {
  size_t end = 0;
  for (int line = 0; line < 8 && end < text.size(); ++line)
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return end < text.size() ? text.substr(0, end) + "…" : text;
}

std::string shown(const talk::Running& running) {
  return fmt::format("{}, --kv {}", running.backend, running.kv);
}

}  // namespace

talk::Running Conversation::running() {
  if (model_hash_.empty()) model_hash_ = talk::model_hash(*loaded_.checkpoint);
  return {.model = loaded_.checkpoint->name(),
          .hash = model_hash_,
          .mode = loaded_.mode,
          .head = options::text_of(run_.head),
          .compute = options::text_of(run_.compute),
          .backend = std::string(loaded_.backend->name()),
          .kv = options::text_of(run_.kv)};
}

talk::Session Conversation::session() {
  const std::span<const int32_t> tokens = sequence_.tokens();
  talk::Session made{
      .running = running(),
      .model_path = std::filesystem::absolute(loaded_.checkpoint->path()).lexically_normal(),
      .context = engine_.options().context,
      .created_utc = utc_text(std::chrono::system_clock::now()),
      .system = system_,
      .turns = turns_,
      .forgotten = forgotten_,
      .tokens = {tokens.begin(), tokens.end()},
      .settings = generation_.given()};
  made.settings["think"] = generation_.think;
  made.layer_bytes = sequence_.layer_bytes();
  if (made.layer_bytes > 0) made.layers = static_cast<uint64_t>(loaded_.model->config.layers);
  return made;
}

void Conversation::do_save(const std::string& argument) {
  const measure::Stopwatch watch;
  const std::string name = !argument.empty()        ? argument
                           : !session_name_.empty() ? session_name_
                                                    : name_of_now();
  const talk::Session kept = session();
  const uint64_t bytes = talk::write_session(
      talk::SessionStore::of_user().path_to_write(name), kept,
      [this](int64_t layer, std::span<std::byte> to) { sequence_.export_layer(layer, to); });
  session_name_ = name;
  if (!quiet_)
    tell(message::talk_saved,
         {name, std::to_string(turns_.size()), std::to_string(kept.tokens.size()),
          format_bytes(bytes), format_seconds(watch.seconds())});
}

void Conversation::do_load(const std::string& argument) {
  const talk::SessionStore store = talk::SessionStore::of_user();
  const std::string name = argument.empty() ? store.newest() : argument;
  resume(name, talk::read_session(store.path_to_read(name)), false);
}

void Conversation::resume(const std::string& name, talk::KeptSession kept, bool keeps_given) {
  const measure::Stopwatch watch;
  talk::Session& session = kept.session;
  talk::require_same_model(session, running(), name);

  GenerationOptions generation = generation_;
  std::map<std::string, std::string> given;
  if (keeps_given) given = generation_.given();
  if (generation_.tokens == kChatTokens) given.erase("tokens");
  if (keeps_given && generation_.think != GenerationOptions().think) given["think"];
  for (const auto& [setting, value] : session.settings) {
    if (given.contains(setting)) continue;
    if (setting == "think")
      generation.think = value;
    else
      generation.set(setting, value);
  }
  generation_ = std::move(generation);
  if (!keeps_given || system_.empty()) system_ = std::move(session.system);
  turns_ = std::move(session.turns);
  forgotten_ = session.forgotten;
  attached_.clear();
  session_name_ = name;
  const std::string why = take_state(kept);
  if (!quiet_) {
    if (!why.empty()) tell(message::talk_read_again, {std::to_string(session.tokens.size()), why});
  }
  if (!why.empty()) read_again(session.tokens);
  if (quiet_) return;
  tell(message::talk_resumed,
       {name, std::to_string(turns_.size()), std::to_string(sequence_.length()),
        format_seconds(watch.seconds())});
  show_last_turns();
}

std::string Conversation::take_state(const talk::KeptSession& kept) {
  const talk::Session& session = kept.session;
  sequence_.truncate(0);
  if (session.tokens.empty()) return {};
  const talk::Running now = running();
  if (static_cast<int64_t>(session.tokens.size()) > engine_.options().context)
    return say(message::talk_other_context, {std::to_string(engine_.options().context)});
  if (session.layers == 0) return say(message::talk_no_state, {session.running.backend});
  if (session.running.backend != now.backend || session.running.kv != now.kv)
    return say(message::talk_other_state, {shown(session.running), shown(now)});
  if (!sequence_.restore(session.tokens, kept.layers))
    return say(message::talk_no_state, {now.backend});
  return {};
}

// As many as there is room for: the next question's prompt begins with them.
void Conversation::read_again(const std::vector<int32_t>& tokens) {
  clear_interrupt();
  std::span<const int32_t> rest = tokens;
  while (!rest.empty() && !interrupted()) {
    const std::span<const int32_t> step = rest.first(std::min(kStep, rest.size()));
    if (sequence_.length() + static_cast<int64_t>(step.size()) > engine_.options().context) break;
    sequence_.feed(step);
    rest = rest.subspan(step.size());
  }
  clear_interrupt();
}

// Where the conversation was: the last question and its answer.
void Conversation::show_last_turns() {
  const size_t at = last_question();
  for (size_t i = at; i < turns_.size(); ++i) {
    talk::AnswerView shown = view();
    if (turns_[i].role == "user")
      shown.thought(">>> " + first_lines(turns_[i].content));
    else
      shown.said(turns_[i].content);
    shown.finish();
    write_output("\n");
  }
}

}  // namespace nety::app
