#include "core/chat/chat_template.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/words.h"
#include "core/chat/named_templates.h"
#include "core/tokenizer/unicode.h"

namespace nety::chat {
namespace {

using jinja::Data;
using jinja::DataText;

/// Text of a message: valid, and marked as somebody else's.
Data written(std::string_view text) {
  std::string valid;
  tokenizer::append_repaired(text, false, valid);
  return {DataText{std::move(valid), true}};
}

/// `splits`: the template takes thoughts apart from what was said; others look for tags.
Data data_of(const Message& message, bool splits) {
  Data::Object object = {{"role", {DataText{message.role}}}};
  const bool thought = !message.thinking.empty();
  object.push_back({"content", written(thought && !splits ? message.whole : message.content)});
  if (thought && splits) object.push_back({"reasoning_content", written(message.thinking)});
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) object.push_back({name, written(text)});
  };
  if (!std::holds_alternative<std::monostate>(message.tool_calls.value))
    object.push_back({"tool_calls", message.tool_calls});
  add("tool_call_id", message.tool_call_id);
  add("name", message.name);
  return {std::move(object)};
}

const NamedTemplate* find(std::string_view name) {
  const auto found = std::ranges::find(named_templates(), name, &NamedTemplate::name);
  return found == named_templates().end() ? nullptr : &*found;
}

}  // namespace

std::tm TemplateContext::local_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return local;
}

std::string ChatTemplate::names() {
  std::string list;
  for (const NamedTemplate& one : named_templates()) append_word(list, one.name);
  return list;
}

bool ChatTemplate::is_name(std::string_view name) { return find(name) != nullptr; }

ChatTemplate ChatTemplate::named(std::string_view name) {
  const NamedTemplate* found = find(name);
  if (found == nullptr)
    throw Error(ErrorKind::kUsage,
                fmt::format("there is no chat template {}", tokenizer::quote(name)),
                fmt::format("Give a file, or one of: {}.", names()));
  return read(std::string(found->settings) + std::string(found->shape),
              fmt::format("the chat template \"{}\"", name));
}

ChatTemplate ChatTemplate::read(std::string_view jinja, const std::string& source) {
  if (jinja.empty())
    throw Error(ErrorKind::kCheckpoint, fmt::format("{}: has no chat template", source),
                fmt::format("Give one with --chat-template: a file, or one of: {}. Or give the "
                            "whole prompt yourself with --raw.",
                            names()));
  const bool splits = jinja.find("reasoning_content") != std::string_view::npos;
  return {jinja, jinja::Template::parse(jinja, source), splits};
}

Prompt ChatTemplate::render(std::span<const Message> messages,
                            const TemplateContext& context) const {
  if (messages.empty())
    throw Error(ErrorKind::kUsage, "a conversation needs at least one message", "Give one.");
  Data::List list;
  for (const Message& message : messages) list.push_back(data_of(message, splits_));
  const auto token = [](std::string_view text) { return Data{DataText{std::string(text)}}; };
  Data::Object variables = {{"messages", {std::move(list)}},
                            {"tools", context.tools != nullptr ? *context.tools : Data{}},
                            {"documents", {}},
                            {"add_generation_prompt", {true}},
                            {"bos_token", token(context.bos_token)},
                            {"eos_token", token(context.eos_token)}};
  if (context.thinking)
    for (const char* name : {"enable_thinking", "thinking"})
      variables.push_back({name, {*context.thinking}});
  jinja::Rendered rendered = template_.render(variables, context.now);
  Prompt prompt{.text = std::move(rendered.text), .contents = {}};
  for (const auto& [begin, end] : rendered.foreign) prompt.contents.push_back({begin, end});
  return prompt;
}

}  // namespace nety::chat
