// Calls of tools told from what is said, however the text is cut.
#include "core/chat/tool_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nety::chat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Told {
  std::string said;
  std::vector<std::string> calls;
};

/// `text` in pieces of `size` bytes.
Told told(std::string_view jinja, std::string_view text, size_t size) {
  ToolCallFilter filter(*tool_format(jinja));
  Told result;
  for (size_t at = 0; at < text.size(); at += size)
    result.said += filter.push(text.substr(at, size));
  result.said += filter.finish();
  result.calls = filter.calls();
  return result;
}

constexpr std::string_view kHermes = "{% if tools %}<tool_call>{% endif %}";
constexpr std::string_view kMistral = "{% if tools %}[TOOL_CALLS]{% endif %}";
constexpr std::string_view kLlama = R"({% if tools %}{"name": n, "parameters": p}{% endif %})";

TEST(ToolFormats, AreKnownByTheTemplate) {
  EXPECT_EQ(tool_format("{{ messages }}"), nullptr);
  EXPECT_EQ(tool_format("<tool_call> but nothing to call"), nullptr);
  EXPECT_EQ(tool_format("{{ tools }} in a form of its own"), nullptr);
  EXPECT_EQ(tool_format(kHermes)->close, "</tool_call>");
  EXPECT_EQ(tool_format(kMistral)->open, "[TOOL_CALLS]");
  EXPECT_EQ(tool_format(kLlama)->open, "");
}

TEST(ToolCallFilter, TellsCallsHoweverTheTextIsCut) {
  const std::string_view text =
      "Let me see. <tool_call>\n{\"a\": 1}\n</tool_call> And <tool_call>{\"b\"}</tool_call>.";
  for (size_t size = 1; size <= text.size(); ++size) {
    const Told found = told(kHermes, text, size);
    EXPECT_EQ(found.said, "Let me see.  And .") << size;
    EXPECT_THAT(found.calls, ElementsAre("{\"a\": 1}", "{\"b\"}")) << size;
  }
}

TEST(ToolCallFilter, TakesTheRestWhereNothingClosesACall) {
  for (size_t size = 1; size < 20; ++size) {
    EXPECT_THAT(told(kMistral, "Yes.[TOOL_CALLS] [1, 2]", size).calls, ElementsAre("[1, 2]"));
    EXPECT_THAT(told(kHermes, "<tool_call>{\"cut", size).calls, ElementsAre("{\"cut"));
  }
}

TEST(ToolCallFilter, TakesAWholeAnswerThatIsJson) {
  for (size_t size = 1; size < 20; ++size) {
    const Told call = told(kLlama, " {\"name\": 1}\n", size);
    EXPECT_THAT(call.calls, ElementsAre("{\"name\": 1}"));
    EXPECT_EQ(call.said, "");
    const Told talk = told(kLlama, "No {braces}.", size);
    EXPECT_THAT(talk.calls, IsEmpty());
    EXPECT_EQ(talk.said, "No {braces}.");
  }
}

TEST(ToolCallFilter, SaysWhatOnlyLooksLikeACall) {
  for (size_t size = 1; size < 20; ++size) {
    const Told found = told(kHermes, "<tool> <tool_cal", size);
    EXPECT_EQ(found.said, "<tool> <tool_cal");
    EXPECT_THAT(found.calls, IsEmpty());
  }
}

}  // namespace
}  // namespace nety::chat
