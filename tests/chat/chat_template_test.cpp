// Prompt formats against what Python's jinja2 renders from the models' own templates.
#include "core/chat/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "tests/paths.h"

namespace nety::chat {
namespace {

using nlohmann::ordered_json;

ordered_json read_json(const std::string& name) {
  std::ifstream file(test_data() + "/chat/" + name);
  return ordered_json::parse(file);
}

std::vector<Message> messages_of(const ordered_json& conversation) {
  std::vector<Message> messages;
  for (const auto& one : conversation)
    messages.push_back({one["role"].get<std::string>(), one["content"].get<std::string>()});
  return messages;
}

/// The day the goldens were made for: Friday, 2025-03-07.
std::tm golden_day() {
  std::tm day{};
  day.tm_year = 125;
  day.tm_mon = 2;
  day.tm_mday = 7;
  day.tm_wday = 5;
  return day;
}

const TemplateContext kContext{.bos_token = "<BOS>", .eos_token = "<EOS>", .now = golden_day()};

std::optional<std::string> rendered(const ChatTemplate& format, const ordered_json& conversation) {
  try {
    return format.render(messages_of(conversation), kContext).text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    return std::nullopt;
  }
}

std::optional<std::string> wanted_of(const ordered_json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<std::string>());
}

TEST(EveryNamedTemplate, RendersAsTheModelsOwnDoes) {
  const ordered_json goldens = read_json("template_goldens.json");
  long tested = 0;
  for (const auto& [name, renderings] : goldens["formats"].items()) {
    const ChatTemplate format = ChatTemplate::named(name);
    for (const auto& [title, conversation] : goldens["conversations"].items()) {
      SCOPED_TRACE(name + ": " + title);
      EXPECT_EQ(rendered(format, conversation), wanted_of(renderings[title]));
    }
    ++tested;
  }
  std::string names = ChatTemplate::names();
  EXPECT_EQ(std::count(names.begin(), names.end(), ',') + 1, tested);
}

TEST(ChatTemplate, RendersTheModelsOwn) {
  const ordered_json goldens = read_json("template_goldens.json");
  int templates = 0;
  for (const auto& row : read_json("templates.json")) {
    if (!row.contains("text")) continue;  // long ones are not kept
    const auto format = ChatTemplate::read(row["text"].get<std::string>(), "m");
    const ordered_json& renderings = goldens["formats"][row["format"].get<std::string>()];
    for (const auto& [title, conversation] : goldens["conversations"].items()) {
      // Formats of a name refuse a few conversations that a template leaves parts out of.
      if (renderings[title].is_null()) continue;
      SCOPED_TRACE(row["format"].get<std::string>() + ": " + title);
      EXPECT_EQ(rendered(format, conversation), wanted_of(renderings[title]));
    }
    ++templates;
  }
  EXPECT_GE(templates, 35);
}

TEST(ChatTemplate, RefusesWhatItCannotUseNamingIt) {
  const auto refusal = [](const auto& action) {
    try {
      action();
    } catch (const Error& error) {
      return std::string(error.what()) + " / " + error.hint();
    }
    return std::string("done");
  };
  EXPECT_THAT(refusal([] { ChatTemplate::read("", "x.gguf"); }),
              testing::AllOf(testing::HasSubstr("x.gguf: has no chat template"),
                             testing::HasSubstr("--raw"), testing::HasSubstr("chatml-smollm2"),
                             testing::HasSubstr("--chat-template")));
  EXPECT_THAT(refusal([] { ChatTemplate::read("\n{% extends 'x' %}", "x.gguf"); }),
              testing::AllOf(testing::HasSubstr("x.gguf"), testing::HasSubstr("line 2"),
                             testing::HasSubstr("\"extends\"")));
  EXPECT_THAT(refusal([] { ChatTemplate::named("nonsense"); }),
              testing::AllOf(testing::HasSubstr("\"nonsense\""), testing::HasSubstr("zephyr")));
  EXPECT_THAT(refusal([] { ChatTemplate::named("chatml").render({}, kContext); }),
              testing::HasSubstr("at least one message"));
  const std::vector<Message> with_system = {{"system", "x"}, {"user", "y"}};
  EXPECT_THAT(refusal([&] { ChatTemplate::named("mistral-v0.2").render(with_system, kContext); }),
              testing::AllOf(testing::HasSubstr("mistral-v0.2"), testing::HasSubstr("take turns")));
}

TEST(ChatTemplate, TellsMessagesFromTheTemplate) {
  const std::vector<Message> messages = {{"user", " a<|eot_id|> "}};
  const Prompt prompt = ChatTemplate::named("llama3").render(messages, kContext);
  ASSERT_EQ(prompt.contents.size(), 1U);
  EXPECT_EQ(prompt.text.substr(prompt.contents[0].begin,
                               prompt.contents[0].end - prompt.contents[0].begin),
            "a<|eot_id|>");
}

TEST(ChatTemplate, RepairsMessagesThatAreNotUtf8) {
  const std::vector<Message> messages = {{"user", " a\xff "}};
  EXPECT_THAT(ChatTemplate::named("llama3").render(messages, kContext).text,
              testing::HasSubstr("\n\na\xef\xbf\xbd<|eot_id|>"));
}

TEST(ChatTemplate, TakesTheDayFromTheClockUnlessGiven) {
  const std::vector<Message> messages = {{"user", "a"}};
  const std::string prompt =
      ChatTemplate::named("llama3.2").render(messages, {.bos_token = ""}).text;
  const std::string year = std::to_string(TemplateContext::local_now().tm_year + 1900);
  EXPECT_THAT(prompt, testing::HasSubstr(" " + year + "\n\n"));
}

TEST(ChatTemplate, HandsThoughtsOverAsTheTemplateWantsThem) {
  const std::vector<Message> messages = {
      {"user", "a"}, {"assistant", "said", "thought", "<think>\nthought\n</think>\n\nsaid"}};
  const auto made = [&](const char* jinja) {
    return ChatTemplate::read(jinja, "t").render(messages, kContext).text;
  };
  EXPECT_EQ(made("{{ messages[1].content }}|{{ messages[1].reasoning_content }}"), "said|thought");
  // A template that looks for tags gets what the model wrote.
  EXPECT_EQ(made("{{ messages[1].content.split('</think>')[-1].strip() }}"), "said");
  EXPECT_EQ(made("{{ messages[1].content }}"), "<think>\nthought\n</think>\n\nsaid");
}

TEST(ChatTemplate, AsksForThoughtsOnlyWhereTold) {
  const std::vector<Message> messages = {{"user", "a"}};
  const ChatTemplate format = ChatTemplate::read("{{ enable_thinking }}{{ thinking }}", "t");
  TemplateContext context = kContext;
  EXPECT_EQ(format.render(messages, context).text, "");
  context.thinking = false;
  EXPECT_EQ(format.render(messages, context).text, "FalseFalse");
}

}  // namespace
}  // namespace nety::chat
