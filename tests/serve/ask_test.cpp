// Requests as clients send them: what is taken, and what is refused by name.
#include "app/serve/ask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "app/serve/api_error.h"
#include "app/serve/fields.h"

namespace nety::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What reading throws.
std::optional<ApiError> refusal(Ask (*read)(const std::string&), const std::string& body) {
  try {
    read(body);
  } catch (const ApiError& error) {
    return error;
  }
  return std::nullopt;
}

std::string chat_with(const std::string& more) {
  return R"({"messages": [{"role": "user", "content": "Hi"}])" + (more.empty() ? "" : ", " + more) +
         "}";
}

// JSON Schema's "integer" is a value, not a spelling.
TEST(ChatAsk, TakesAWholeNumberWrittenWithAPoint) {
  EXPECT_EQ(read_chat_ask(chat_with(R"("n": 3.0, "seed": 1e3)")).answers, 3);
  for (const char* more : {R"("n": 2.5)", R"("n": "2")", R"("seed": 1e300)", R"("seed": -1.0)",
                           R"("seed": 18446744073709551615)"})
    EXPECT_TRUE(refusal(read_chat_ask, chat_with(more))) << more;
}

TEST(ChatAsk, IsReadWithAllThatSamplingTakes) {
  const Ask ask = read_chat_ask(chat_with(
      R"("model": "m", "temperature": 0.5, "top_p": 0.9, "top_k": 7, "min_p": 0.1, "seed": 5,
         "repeat_penalty": 1.1, "presence_penalty": 0.5, "frequency_penalty": -1,
         "logit_bias": {"5": -100, "7": 1.5}, "n": 3, "logprobs": true, "top_logprobs": 2,
         "max_tokens": 9, "stop": ["a", "b"], "stream": true,
         "stream_options": {"include_usage": true}, "user": "u")"));
  EXPECT_TRUE(ask.is_chat);
  EXPECT_EQ(ask.model, "m");
  EXPECT_EQ(ask.user, "u");
  EXPECT_EQ(ask.sampling.temperature, 0.5);
  EXPECT_EQ(ask.sampling.top_p, 0.9);
  EXPECT_EQ(ask.sampling.top_k, 7);
  EXPECT_EQ(ask.sampling.min_p, 0.1);
  EXPECT_EQ(ask.sampling.seed, 5);
  EXPECT_EQ(ask.sampling.repeat_penalty, 1.1);
  EXPECT_EQ(ask.sampling.presence_penalty, 0.5);
  EXPECT_EQ(ask.sampling.frequency_penalty, -1);
  ASSERT_EQ(ask.sampling.bias.size(), 2U);
  EXPECT_EQ(ask.sampling.bias[0].token, 5);
  EXPECT_EQ(ask.sampling.bias[0].bias, -100);
  EXPECT_EQ(ask.sampling.logprobs, 2);
  EXPECT_EQ(ask.answers, 3);
  EXPECT_EQ(ask.sampling.tokens, 9);
  EXPECT_THAT(ask.sampling.stops, ElementsAre("a", "b"));
  EXPECT_TRUE(ask.stream);
  EXPECT_TRUE(ask.stream_usage);
}

TEST(ChatAsk, LeavesTheRestToTheModel) {
  const Ask ask = read_chat_ask(chat_with(R"("temperature": null, "stop": null)"));
  EXPECT_EQ(ask.sampling.temperature, std::nullopt);
  EXPECT_EQ(ask.sampling.tokens, std::nullopt);
  EXPECT_TRUE(ask.sampling.stops.empty());
  EXPECT_FALSE(ask.stream);
  EXPECT_EQ(read_chat_ask(chat_with(R"("stop": "x")")).sampling.stops.size(), 1U);
  EXPECT_EQ(read_chat_ask(chat_with(R"("max_completion_tokens": 3)")).sampling.tokens, 3);
}

TEST(ChatAsk, JoinsThePartsOfAMessage) {
  const Ask ask = read_chat_ask(R"({"messages": [
      {"role": "developer", "content": "Be brief."},
      {"role": "user", "name": "n", "content": [{"type": "text", "text": "a"},
                                                {"type": "text", "text": "b"}]},
      {"role": "assistant", "content": "c", "reasoning_content": "hm", "tool_calls": []},
      {"role": "user", "content": ""}]})");
  ASSERT_EQ(ask.messages.size(), 4U);
  EXPECT_EQ(ask.messages[0].role, "system");
  EXPECT_EQ(ask.messages[1].content, "ab");
  EXPECT_EQ(ask.messages[2].thinking, "hm");
  EXPECT_EQ(ask.messages[3].content, "");
}

TEST(ChatAsk, TakesWhatAsksForNothing) {
  EXPECT_EQ(refusal(read_chat_ask,
                    chat_with(R"("n": 1, "tools": [], "tool_choice": "none", "logprobs": false,
                     "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {},
                     "response_format": {"type": "text"}, "store": false, "metadata": {"a": "b"})"))
                .has_value(),
            false);
}

TEST(ChatAsk, ReadsTheFormatOfTheAnswer) {
  using Kind = AskedFormat::Kind;
  EXPECT_EQ(read_chat_ask(chat_with("")).format.kind, Kind::kText);
  EXPECT_EQ(read_chat_ask(chat_with(R"("response_format": {"type": "json_object"})")).format.kind,
            Kind::kJsonObject);
  const AskedFormat format =
      read_chat_ask(chat_with(R"("response_format": {"type": "json_schema", "json_schema":
          {"name": "n", "strict": true, "schema": {"type": "object"}}})"))
          .format;
  EXPECT_EQ(format.kind, Kind::kJsonSchema);
  EXPECT_EQ(format.schema, R"({"type":"object"})");
  for (const std::string wrong :
       {R"({"type": "json_schema"})", R"({"type": "json_schema", "json_schema": {"name": "n"}})",
        R"({"type": "json_schema", "json_schema": {"schema": {}, "what": 1}})", R"("text")", "{}"})
    EXPECT_TRUE(refusal(read_chat_ask, chat_with("\"response_format\": " + wrong)).has_value())
        << wrong;
}

TEST(ChatAsk, ReadsToolsAndTheirResults) {
  const Ask ask = read_chat_ask(R"({"messages": [{"role": "user", "content": "1+2?"},
      {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
          "function": {"name": "add", "arguments": "{\"a\": 1, \"b\": 2}"}}]},
      {"role": "tool", "tool_call_id": "c1", "content": "3"}],
      "tools": [{"type": "function", "function": {"name": "add", "parameters": {}}}],
      "tool_choice": "auto"})");
  EXPECT_TRUE(std::holds_alternative<jinja::Data::List>(ask.tools.value));
  ASSERT_EQ(ask.messages.size(), 3U);
  const auto& calls = std::get<jinja::Data::List>(ask.messages[1].tool_calls.value);
  const auto& call = std::get<jinja::Data::Object>(calls.at(0).value);
  EXPECT_EQ(call.at(2).name, "function");
  const auto& function = std::get<jinja::Data::Object>(call.at(2).value.value);
  EXPECT_TRUE(std::holds_alternative<jinja::Data::Object>(function.at(1).value.value))
      << "arguments as an object, as templates take them";
  EXPECT_EQ(ask.messages[2].tool_call_id, "c1");

  const std::string tools = R"("tools": [{"type": "function", "function": {"name": "f"}}])";
  EXPECT_TRUE(std::holds_alternative<std::monostate>(
      read_chat_ask(chat_with(tools + R"(, "tool_choice": "none")")).tools.value));
  for (const std::string wrong :
       {R"("tools": 5)", R"("tools": [5])", R"("tools": [{"type": "function"}])",
        R"("tools": [{"type": "browser", "function": {"name": "f"}}])",
        R"("tools": [{"type": "function", "function": {}}])"})
    EXPECT_TRUE(refusal(read_chat_ask, chat_with(wrong)).has_value()) << wrong;
}

TEST(ChatAsk, RefusesByNameWhatItCannotDo) {
  for (const auto& [field, value] :
       std::vector<std::pair<std::string, std::string>>{{"tools", "5"},
                                                        {"tool_choice", R"("required")"},
                                                        {"functions", R"([{"name": "f"}])"},
                                                        {"response_format", R"({"type": "yaml"})"},
                                                        {"top_logprobs", "3"},
                                                        {"audio", R"({"voice": "x"})"},
                                                        {"colour", R"("blue")"}}) {
    const auto error = refusal(read_chat_ask, chat_with("\"" + field + "\": " + value));
    ASSERT_TRUE(error.has_value()) << field;
    EXPECT_EQ(error->status(), 400) << field;
    EXPECT_EQ(error->field(), field);
    EXPECT_THAT(error->what(), HasSubstr(field));
  }
}

TEST(ChatAsk, RefusesValuesThatCannotBe) {
  for (const std::string more :
       {R"("temperature": -1)",
        R"("temperature": "hot")",
        R"("temperature": 101)",
        R"("n": 0)",
        R"("n": 129)",
        R"("presence_penalty": 3)",
        R"("logit_bias": {"x": 1})",
        R"("logit_bias": {"5": 101})",
        R"("logit_bias": [5])",
        R"("logprobs": 1)",
        R"("logprobs": true, "top_logprobs": 21)",
        R"("top_p": 1.5)",
        R"("top_k": 1.5)",
        R"("seed": -1)",
        R"("seed": 18446744073709551615)",
        R"("max_tokens": 0)",
        R"("max_tokens": true)",
        R"("stop": [""])",
        R"("stop": 5)",
        R"("stream": "yes")",
        R"("stream_options": {"include_usage": true})",
        R"("stop": ["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"])",
        R"("model": 5)"})
    EXPECT_TRUE(refusal(read_chat_ask, chat_with(more)).has_value()) << more;
  for (const std::string messages :
       {"null", "[]", "{}", "[5]", "[{}]", R"([{"role": "user"}])",
        R"([{"role": "king", "content": "x"}])", R"([{"role": "tool"}])",
        R"([{"role": "user", "content": 5}])",
        R"([{"role": "user", "content": [{"type": "text"}]}])",
        R"([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}])",
        R"([{"role": "user", "content": "x", "mood": "good"}])",
        R"([{"role": "assistant", "content": "x", "tool_calls": [{}]}])"})
    EXPECT_TRUE(refusal(read_chat_ask, "{\"messages\": " + messages + "}").has_value()) << messages;
}

TEST(ChatAsk, NamesThePlaceOfWhatIsWrong) {
  const auto error = refusal(read_chat_ask, R"({"messages": [{"role": "user", "content": "x"},
      {"role": "user", "content": [{"type": "text", "text": 7}]}]})");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->field(), "messages[1].content[0].text");
}

TEST(Json, IsBoundedAndChecked) {
  for (const std::string body :
       {"", "{", "nothing", "[1,2]", "5", "{\"a\": \xff}", "{\"a\": 1e999}"})
    EXPECT_TRUE(refusal(read_chat_ask, body).has_value()) << body;
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  const auto error = refusal(read_chat_ask, deep);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code(), "invalid_json");
  EXPECT_THAT(error->what(), HasSubstr("deeper"));
}

TEST(Json, HasBoundedObjects) {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\": 1";
  const auto error = refusal(read_chat_ask, chat_with("\"metadata\": {" + many + "}"));
  ASSERT_TRUE(error.has_value());
  EXPECT_THAT(error->what(), HasSubstr("4096 fields"));
  std::string messages;
  for (int i = 0; i < 3000; ++i)
    messages += std::string(i > 0 ? "," : "") + R"({"role": "user", "content": "x"})";
  EXPECT_EQ(read_chat_ask("{\"messages\": [" + messages + "]}").messages.size(), 3000U)
      << "each object counts by itself";
}

TEST(Json, KeepsTheOrderOfASchema) {
  const Ask ask = read_chat_ask(chat_with(R"("response_format": {"type": "json_schema",
      "json_schema": {"schema": {"properties": {"z": {}, "a": {}}}}})"));
  EXPECT_EQ(ask.format.schema, R"({"properties":{"z":{},"a":{}}})");
}

TEST(CompletionAsk, TakesTextOrTokens) {
  EXPECT_EQ(read_completion_ask(R"({"prompt": "Hi"})").prompt, "Hi");
  EXPECT_EQ(read_completion_ask(R"({"prompt": ["Hi"]})").prompt, "Hi");
  EXPECT_EQ(read_completion_ask(R"({"prompt": "Hi"})").sampling.tokens, 16);
  EXPECT_THAT(*read_completion_ask(R"({"prompt": [1, 2, 3]})").prompt_ids, ElementsAre(1, 2, 3));
  EXPECT_THAT(*read_completion_ask(R"({"prompt": [[4, 5]]})").prompt_ids, ElementsAre(4, 5));
  for (const std::string prompt :
       {"null", "5", "[]", R"(["a", "b"])", "[-1]", "[1.5]", "[99999999999]", "[[1], [2]]", "{}"})
    EXPECT_TRUE(refusal(read_completion_ask, "{\"prompt\": " + prompt + "}").has_value()) << prompt;
  for (const std::string more : {R"("echo": true)", R"("best_of": 2)", R"("suffix": "x")",
                                 R"("logprobs": 21)", R"("messages": [])"})
    EXPECT_TRUE(refusal(read_completion_ask, R"({"prompt": "x", )" + more + "}").has_value())
        << more;
}

}  // namespace
}  // namespace nety::serve
