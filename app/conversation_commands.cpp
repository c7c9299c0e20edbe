// What is typed instead of a question: one function for each row of talk/commands.def.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "app/console.h"
#include "app/conversation.h"
#include "app/input.h"
#include "app/messages.h"
#include "app/talk/attachment.h"
#include "app/talk/completion.h"
#include "app/talk/external_editor.h"
#include "app/talk/messages.h"
#include "app/talk/transcript.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/base/utc.h"
#include "core/base/words.h"
#include "core/measure/memory.h"
#include "core/model/footprint.h"
#include "core/options/run_options.h"

namespace nety::app {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::kUsage, what, hint);
}

std::string first_line(const std::string& text) {
  const size_t end = text.find('\n');
  return end == std::string::npos ? text : text.substr(0, end) + " …";
}

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

}  // namespace

void Conversation::command(const std::string& line) {
  const size_t blank = std::min(line.find(' '), line.size());
  const talk::CommandRow* row = talk::find_command(std::string_view(line).substr(0, blank));
  if (row == nullptr)
    refuse(fmt::format("unknown command {}", line.substr(0, blank)), "/help lists the commands.");
  const std::string argument = blank < line.size() ? line.substr(blank + 1) : "";
  switch (row->id) {
#define NETY_CHAT_COMMAND(symbol, ...) \
  case talk::CommandId::symbol:        \
    return do_##symbol(argument);
#include "app/talk/commands.def"
#undef NETY_CHAT_COMMAND
  }
}

void Conversation::do_help(const std::string& /*argument*/) {
  const size_t columns = terminal_columns(STDOUT_FILENO).value_or(0);
  write_output(talk::help_text(GenerationOptions::settings(), columns, context_.language));
}

void Conversation::do_exit(const std::string& /*argument*/) { leaves_ = true; }

void Conversation::do_system(const std::string& argument) {
  system_ = argument;
  forget(0);
}

void Conversation::do_set(const std::string& argument) {
  if (!argument.empty()) {
    const size_t blank = std::min(argument.find(' '), argument.size());
    generation_.set(argument.substr(0, blank),
                    blank < argument.size() ? argument.substr(blank + 1) : "");
    return;
  }
  const std::map<std::string, std::string> given = generation_.given();
  for (const std::string& name : GenerationOptions::settings()) {
    const auto found = given.find(name);
    const bool drawn = found == given.end() && name == "seed";
    tell(message::talk_set_to, {name, found != given.end() ? found->second
                                      : drawn              ? std::string("random")
                                                           : say(message::talk_model_own)});
  }
}

void Conversation::do_seed(const std::string& argument) {
  if (argument == "random")
    generation_.seed = -1;
  else if (!argument.empty())
    generation_.set("seed", argument);
  else if (last_seed_)
    return tell(message::talk_seed_is, {std::to_string(*last_seed_)});
  if (generation_.seed < 0) return tell(message::talk_seed_drawn);
  tell(message::talk_seed_is, {std::to_string(generation_.seed)});
}

void Conversation::do_think(const std::string& argument) {
  constexpr std::string_view kWords[] = {"show", "hide", "off"};
  if (!argument.empty() && std::ranges::find(kWords, argument) == std::end(kWords))
    refuse(fmt::format("/think: '{}' is none of {}", argument, joined(kWords, "|")),
           "show what the model thinks first, hide it, or ask it not to (off).");
  if (!argument.empty()) generation_.think = argument;
  tell(message::talk_set_to, {"think", generation_.think});
}

void Conversation::do_file(const std::string& argument) {
  if (argument.empty()) refuse("/file: no file is named", "/file PATH");
  const std::string path = talk::expanded(argument);
  const std::string text = talk::attachment(path);
  attached_ += text;
  tell(message::talk_attached,
       {std::filesystem::path(path).filename().string(), format_bytes(text.size())});
}

void Conversation::do_regen(const std::string& /*argument*/) {
  if (turns_.empty()) refuse("/regen: nothing has been asked yet", "");
  if (turns_.back().role == "assistant") turns_.pop_back();
  answer();
}

void Conversation::do_edit(const std::string& argument) {
  const size_t at = last_question();
  if (at == turns_.size()) refuse("/edit: nothing has been asked yet", "");
  if (argument.empty() && !editor_.on_terminal())
    refuse("/edit: there is no terminal for an editor", "/edit TEXT replaces the last question.");
  const std::string before = turns_[at].content;
  const std::string after = argument.empty() ? talk::edited(before) : argument;
  if (after.empty() || after == before) return tell(message::talk_unchanged);
  editor_.remember(after);
  forget(at);
  ask(after);
}

void Conversation::do_undo(const std::string& /*argument*/) {
  const size_t at = last_question();
  if (at == turns_.size()) return forget(0);
  const std::string question = first_line(turns_[at].content);
  forget(at);
  if (!quiet_) tell(message::talk_undone, {question});
}

void Conversation::do_clear(const std::string& /*argument*/) {
  const size_t turns = turns_.size();
  forget(0);
  attached_.clear();
  if (!quiet_) tell(message::talk_cleared, {std::to_string(turns)});
}

void Conversation::do_export_(const std::string& argument) {
  if (argument.empty()) refuse("/export: no file is named", "/export FILE.md or FILE.json");
  const talk::About about{.model = loaded_.checkpoint->name(),
                          .mode = loaded_.mode,
                          .backend = std::string(loaded_.backend->name()),
                          .created_utc = utc_text(std::chrono::system_clock::now()),
                          .system = system_};
  talk::write_transcript(talk::expanded(argument), about, turns_);
  if (!quiet_) tell(message::talk_exported, {argument, std::to_string(turns_.size())});
}

void Conversation::do_mode(const std::string& /*argument*/) {
  const model::Footprint weights = model::footprint(*loaded_.model);
  const model::Backend& backend = *loaded_.backend;
  const int64_t context = engine_.options().context;
  const auto parameters = static_cast<double>(loaded_.checkpoint->parameters());
  tell(message::talk_runs_in, {loaded_.mode, std::string(backend.name()),
                               std::string(backend.device()), std::to_string(backend.threads())});
  for (const Text& line : loaded_.policy) tell(render(line, context_.language));
  tell(message::talk_weights_cost,
       {format_bytes(weights.weights_bytes),
        format_number(8 * static_cast<double>(weights.weights_bytes) / std::max(1.0, parameters)),
        format_bytes(weights.per_token_bytes)});
  tell(message::talk_kv_cost,
       {format_bytes(engine_.cache_bytes() / static_cast<uint64_t>(context)),
        options::text_of(run_.kv), format_bytes(engine_.cache_bytes()), std::to_string(context)});
  const std::optional<policy::MeasuredMode>& measured = loaded_.measured;
  if (measured && measured->tg_tps)
    tell(message::talk_measured_speed, {format_number(*measured->tg_tps)});
  if (measured && measured->kld && measured->top1)
    tell(message::talk_measured_quality, {format_number(*measured->kld), percent(*measured->top1)});
  if (!measured || !measured->tg_tps) tell(message::talk_not_measured);
}

void Conversation::do_mem(const std::string& /*argument*/) {
  const model::Footprint weights = model::footprint(*loaded_.model);
  const auto context = static_cast<uint64_t>(engine_.options().context);
  const auto length = static_cast<uint64_t>(sequence_.length());
  const measure::MemoryUse use = measure::memory_use();
  const auto shown = [](const std::optional<uint64_t>& bytes) {
    return bytes ? format_bytes(*bytes) : std::string("?");
  };
  tell(message::talk_memory_weights,
       {format_bytes(weights.weights_bytes), format_bytes(loaded_.memory.weights_mapped_bytes)});
  tell(message::talk_memory_kv,
       {format_bytes(engine_.cache_bytes()), options::text_of(run_.kv),
        format_bytes(engine_.cache_bytes() / std::max<uint64_t>(1, context) * length)});
  tell(message::talk_memory_work, {format_bytes(loaded_.memory.workspace_bytes)});
  tell(message::talk_memory_process, {shown(use.rss_bytes), shown(use.anonymous_bytes)});
}

void Conversation::do_stats(const std::string& /*argument*/) {
  tell(message::chat_stats,
       {loaded_.checkpoint->name(), loaded_.mode, std::string(loaded_.backend->name()),
        std::to_string(sequence_.length()), std::to_string(engine_.options().context),
        format_bytes(engine_.cache_bytes())});
  if (totals_.answers == 0) return;
  const auto rate = [](int64_t count, double seconds) {
    return seconds > 0 ? format_number(static_cast<double>(count) / seconds) : std::string("?");
  };
  tell(message::talk_speeds, {std::to_string(totals_.answers), std::to_string(totals_.read),
                              rate(totals_.read, totals_.read_s), std::to_string(totals_.written),
                              rate(totals_.steps, totals_.decode_s)});
}

}  // namespace nety::app
