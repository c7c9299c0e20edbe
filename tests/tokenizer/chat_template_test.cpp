// Prompt formats against what Python's jinja2 renders from the models' own templates.
#include <algorithm>

#include "core/tokenizer/chat_template.h"
#include "core/tokenizer/template_form.h"
#include "tests/tokenizer/golden.h"

namespace nety::tokenizer {
namespace {

std::vector<Message> messages_of(simdjson::dom::element conversation) {
  std::vector<Message> messages;
  for (const simdjson::dom::element message : items(conversation))
    messages.push_back({text_of(message["role"]), text_of(message["content"])});
  return messages;
}

TEST(EveryChatTemplate, RendersAsJinjaDoes) {
  const GoldenJson golden("template_goldens.json");
  const std::string bos = text_of(golden["bos_token"]);
  const std::string eos = text_of(golden["eos_token"]);
  ASSERT_EQ(text_of(golden["date"]), "2025-03-07");
  using namespace std::chrono_literals;
  const TemplateContext context{.bos_token = bos, .eos_token = eos, .today = 2025y / 3 / 7};
  std::vector<std::string> tested;
  for (const auto format : members(golden["formats"])) {
    const ChatTemplate chat = ChatTemplate::named(format.key);
    SCOPED_TRACE(chat.name());
    for (const auto conversation : members(golden["conversations"])) {
      SCOPED_TRACE(conversation.key);
      const std::vector<Message> messages = messages_of(conversation.value);
      const simdjson::dom::element wanted = format.value[conversation.key].value();
      if (wanted.is_null())
        expect_error([&] { chat.render(messages, context); }, ErrorKind::kUsage,
                     {std::string(chat.name()), "--raw"});
      else
        EXPECT_EQ(chat.render(messages, context), text_of(wanted));
    }
    tested.emplace_back(chat.name());
  }
  // Every format has its goldens.
  std::string names = ChatTemplate::names();
  EXPECT_EQ(std::count(names.begin(), names.end(), ',') + 1, static_cast<long>(tested.size()));
}

TEST(EveryChatTemplate, IsRecognisedByItsText) {
  const GoldenJson rows("templates.json");
  int recognised = 0;
  for (const simdjson::dom::element row : items(rows.root())) {
    simdjson::dom::element text;
    if (row["text"].get(text) != simdjson::SUCCESS) continue;  // long ones are kept as sums
    const std::string jinja = text_of(text);
    EXPECT_EQ(ChatTemplate::recognise(jinja, "m").name(), text_of(row["format"]));
    EXPECT_EQ(ChatTemplate::recognise(jinja + "\n", "m").name(), text_of(row["format"]));
    for (const std::string& other : {"x" + jinja, jinja + "x", jinja + " ", jinja.substr(1)})
      EXPECT_THROW(ChatTemplate::recognise(other, "m"), Error);
    ++recognised;
  }
  EXPECT_GE(recognised, 35);
}

// Jinja's own lexer made these.
TEST(TemplateForm, IsWhatJinjaReads) {
  const GoldenJson rows("template_forms.json");
  int read = 0;
  for (const simdjson::dom::element row : items(rows.root())) {
    const std::string jinja = text_of(row["text"]);
    EXPECT_EQ(template_form(jinja), text_of(row["form"])) << jinja;
    ++read;
  }
  EXPECT_GE(read, 60);
}

TEST(TemplateForm, IsNothingForWhatHasNoEnd) {
  for (const char* text : {"{{ a", "{% if a", "{{ 'a }}", "{# a", "{{ 'a\\", "{{",
                           "{% raw %}{{ a }}{% endraw %}", "{{ '\\x41' }}"})
    EXPECT_EQ(template_form(text), "") << text;
}

TEST(ChatTemplate, IsRecognisedInAnotherLayout) {
  const GoldenJson rows("templates.json");
  int recognised = 0;
  const auto all_replaced = [](std::string text, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
    return text;
  };
  for (const simdjson::dom::element row : items(rows.root())) {
    simdjson::dom::element text;
    if (row["text"].get(text) != simdjson::SUCCESS) continue;
    const std::string jinja = text_of(text);
    for (const std::string& other :
         {all_replaced(jinja, "{% ", "{%  "), all_replaced(jinja, "{{'", "{{ '"),
          all_replaced(jinja, " %}", "\n%}"), all_replaced(jinja, " + ", "+"),
          all_replaced(jinja, "message['role']", "message.role"),
          all_replaced(jinja, "message['role']", "message[ \"role\" ]"), "{# checked #}" + jinja})
      EXPECT_EQ(ChatTemplate::recognise(other, "m").name(), text_of(row["format"])) << other;
    ++recognised;
  }
  EXPECT_GE(recognised, 35);
}

TEST(ChatTemplate, RefusesTextsItDoesNotKnowNamingThoseItDoes) {
  expect_error([] { ChatTemplate::recognise("{{ messages }}", "x.gguf"); }, ErrorKind::kCheckpoint,
               {"x.gguf", "{{ messages }}", "--raw", "chatml-smollm2", "llama3", "zephyr"});
  expect_error([] { ChatTemplate::recognise("", "x.gguf"); }, ErrorKind::kCheckpoint,
               {"x.gguf: has no chat template", "--raw"});
  expect_error([] { ChatTemplate::named("nonsense"); }, ErrorKind::kUsage,
               {"\"nonsense\"", "chatml"});
}

TEST(ChatTemplate, RefusesRolesThatDoNotFit) {
  const ChatTemplate chatml = ChatTemplate::named("chatml");
  expect_error(
      [&] {
        chatml.render(std::vector<Message>{{"tool", "x"}}, "");
      },
      ErrorKind::kUsage, {"\"tool\""});
  expect_error([&] { chatml.render(std::vector<Message>{}, ""); }, ErrorKind::kUsage,
               {"at least one message"});
  const ChatTemplate mistral = ChatTemplate::named("mistral-v0.2");
  expect_error(
      [&] {
        mistral.render(std::vector<Message>{{"system", "x"}, {"user", "y"}}, "<s>");
      },
      ErrorKind::kUsage, {"mistral-v0.2", "no system message"});
}

TEST(ChatTemplate, RepairsMessagesThatAreNotUtf8) {
  EXPECT_EQ(ChatTemplate::named("llama3").render(std::vector<Message>{{"user", " a\xff "}}, "<s>"),
            "<s><|start_header_id|>user<|end_header_id|>\n\na\xef\xbf\xbd<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST(ChatTemplate, TakesTheDayFromTheClockUnlessGiven) {
  const std::string prompt =
      ChatTemplate::named("llama3.2").render(std::vector<Message>{{"user", "a"}}, "<s>");
  const auto today = TemplateContext::local_today();
  EXPECT_NE(prompt.find(" " + std::to_string(static_cast<int>(today.year())) + "\n\n"),
            std::string::npos)
      << prompt;
}

}  // namespace
}  // namespace nety::tokenizer
