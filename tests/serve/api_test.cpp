// What is answered at which address, on a runner without a model.
#include "app/serve/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cctype>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/error.h"
#include "tests/serving/fake_runner.h"

namespace nety::serve {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

/// A client that reads all, until it goes.
class Reader final : public HttpPeer {
 public:
  bool write(std::string_view more) override {
    text += more;
    return !has_gone;
  }
  bool gone() override { return has_gone; }

  std::string text;
  bool has_gone = false;
};

/// A model whose tokens are those of the fake runner; a prompt's are its bytes.
Served fake_model() {
  const auto bytes = [](const std::string& text) {
    return std::vector<int32_t>(text.begin(), text.end());
  };
  return {
      .card = {.id = "fake",
               .mode = "fp32",
               .backend = "none",
               .device = "cpu",
               .policy = {"Because it was asked for."},
               .weights_bytes = 500,
               .per_token_bytes = 400,
               .context = 64,
               .vocabulary = 200,
               .created = 1000,
               .same_bits = true},
      .render =
          [bytes](std::span<const chat::Message> messages, const jinja::Data* tools) {
            std::string all;
            for (const chat::Message& one : messages) all += one.role[0] + one.content;
            if (all.find("forbidden") != std::string::npos)
              throw Error(ErrorKind::kUsage, "the template refuses that");
            if (tools != nullptr) all += "T";
            return PromptTokens{bytes(all)};
          },
      .encode = bytes,
      .token_text = [](int32_t id) { return id == 9 ? "\xef\xbf\xbd" : std::to_string(id) + " "; },
      .resolve =
          [](const AskedSampling& asked) {
            engine::GenerateOptions options;
            options.tokens = asked.tokens.value_or(0);
            options.logprobs = asked.logprobs;
            options.sampling.seed = static_cast<uint64_t>(asked.seed.value_or(0));
            return options;
          }};
}

class ApiTest : public testing::Test {
 protected:
  explicit ApiTest(const std::string& key = {}, const std::string& origin = {})
      : access_{.key = key, .host = "127.0.0.1", .origin = origin} {}
  ~ApiTest() override {
    over_ = true;
    engine_.join();
  }

  static HttpRequest request(const std::string& method, const std::string& path,
                             const std::string& body = {}) {
    return {.method = method,
            .path = path,
            .host = "localhost",
            .origin = {},
            .authorization = {},
            .content_type = body.empty() ? "" : "application/json; charset=utf-8",
            .client = "127.0.0.1",
            .body = body};
  }
  /// Admitted, then answered.
  HttpAnswer ask(const HttpRequest& request) {
    if (auto refused = api_.admit(request)) return *std::move(refused);
    return api_.answer(request, reader_);
  }
  HttpAnswer post(const std::string& path, const std::string& body) {
    return ask(request("POST", path, body));
  }
  static std::string code_of(const HttpAnswer& answer) {
    return json::parse(answer.body).at("error").at("code");
  }
  /// The JSON of each event of a stream.
  std::vector<json> events(const HttpAnswer& answer) {
    answer.stream(reader_);
    std::vector<json> all;
    size_t at = 0;
    for (size_t end = 0; (end = reader_.text.find("\n\n", at)) != std::string::npos; at = end + 2) {
      const std::string event = reader_.text.substr(at, end - at);
      EXPECT_TRUE(event.starts_with("data: ")) << event;
      if (event != "data: [DONE]") all.push_back(json::parse(event.substr(6)));
    }
    return all;
  }
  /// The text of the fake runner's answer.
  static std::string expected(const std::string& prompt, int64_t tokens) {
    std::string text;
    for (const int32_t id : serving::whole_answer(
             serving::request_of(std::vector<int32_t>(prompt.begin(), prompt.end()), tokens)))
      text += std::to_string(id) + " ";
    return text;
  }

  static constexpr const char* kChat = "/v1/chat/completions";
  static constexpr const char* kHi = R"("messages": [{"role": "user", "content": "Hi"}])";

  Served served_ = fake_model();
  serving::FakeRunner runner_{3};
  serving::Service service_{
      runner_, {.running = 2, .queue = 1, .answer_tokens = 50, .context = 64, .buffered = 1000}};
  Access access_;
  Api api_{served_, service_, access_, [] { return ServerFacts{.slots = 2, .queue = 1}; }};
  Reader reader_;
  std::atomic<bool> over_{false}, held_{false};
  std::thread engine_{[this] {
    while (!over_)
      if (held_ || !service_.step()) service_.wait(0.01);
  }};
};

TEST_F(ApiTest, AnswersAChat) {
  const HttpAnswer answer =
      post(kChat, std::string("{") + kHi + R"(, "model": "fake", "max_tokens": 5})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json body = json::parse(answer.body);
  EXPECT_EQ(body.at("object"), "chat.completion");
  EXPECT_EQ(body.at("model"), "fake");
  const json& choice = body.at("choices").at(0);
  EXPECT_EQ(choice.at("message").at("content"), expected("uHi", 5));
  EXPECT_EQ(choice.at("message").at("role"), "assistant");
  EXPECT_EQ(choice.at("finish_reason"), "length");
  EXPECT_EQ(body.at("usage").at("prompt_tokens"), 3);
  EXPECT_EQ(body.at("usage").at("completion_tokens"), 5);
  EXPECT_EQ(body.at("usage").at("total_tokens"), 8);
  EXPECT_TRUE(body.at("timings").at("ttft_s").is_number());
}

TEST_F(ApiTest, StreamsAChat) {
  const HttpAnswer answer = post(kChat, std::string("{") + kHi + R"(, "max_tokens": 5,
      "stream": true, "stream_options": {"include_usage": true}})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.type, "text/event-stream");
  const std::vector<json> all = events(answer);
  ASSERT_GE(all.size(), 4U);
  EXPECT_EQ(all.front().at("choices").at(0).at("delta").at("role"), "assistant");
  std::string text;
  for (const json& one : all) {
    EXPECT_EQ(one.at("id"), all.front().at("id"));
    EXPECT_EQ(one.at("object"), "chat.completion.chunk");
    if (!one.at("choices").empty())
      text += one.at("choices").at(0).at("delta").value("content", "");
  }
  EXPECT_EQ(text, expected("uHi", 5));
  EXPECT_EQ(all[all.size() - 2].at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(all.back().at("usage").at("completion_tokens"), 5);
  EXPECT_TRUE(all.back().contains("timings"));
  EXPECT_THAT(reader_.text, EndsWith("data: [DONE]\n\n"));
}

TEST_F(ApiTest, ContinuesATextOrTokens) {
  const json text =
      json::parse(post("/v1/completions", R"({"prompt": "abc", "max_tokens": 4})").body);
  EXPECT_EQ(text.at("choices").at(0).at("text"), expected("abc", 4));
  const json ids =
      json::parse(post("/v1/completions", R"({"prompt": [97, 98, 99], "max_tokens": 4})").body);
  EXPECT_EQ(ids.at("choices").at(0).at("text"), expected("abc", 4));
  const std::vector<json> all =
      events(post("/v1/completions", R"({"prompt": "abc", "max_tokens": 4, "stream": true})"));
  std::string streamed;
  for (const json& one : all) streamed += one.at("choices").at(0).at("text");
  EXPECT_EQ(streamed, expected("abc", 4));
  EXPECT_TRUE(all.back().contains("usage"));
}

TEST_F(ApiTest, GivesSeveralAnswers) {
  const std::string more = R"(, "max_tokens": 4, "n": 3, "seed": 10)";
  const json whole = json::parse(post(kChat, std::string("{") + kHi + more + "}").body);
  ASSERT_EQ(whole.at("choices").size(), 3U) << whole;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(whole.at("choices").at(i).at("index"), i);
    EXPECT_EQ(whole.at("choices").at(i).at("message").at("content"), expected("uHi", 4));
  }
  EXPECT_EQ(whole.at("usage").at("prompt_tokens"), 3);
  EXPECT_EQ(whole.at("usage").at("completion_tokens"), 12);

  std::vector<std::string> texts(3);
  std::vector<int> roles(3), ends(3);
  const std::vector<json> all =
      events(post(kChat, std::string("{") + kHi + more + R"(, "stream": true})"));
  for (const json& one : all) {
    const json& choice = one.at("choices").at(0);
    const size_t i = choice.at("index");
    texts.at(i) += choice.at("delta").value("content", "");
    if (choice.at("delta").contains("role")) ++roles.at(i);
    if (!choice.at("finish_reason").is_null()) ++ends.at(i);
  }
  EXPECT_THAT(texts, testing::Each(expected("uHi", 4)));
  EXPECT_THAT(roles, testing::Each(1));
  EXPECT_THAT(ends, testing::Each(1));
  EXPECT_EQ(all.back().at("usage").at("completion_tokens"), 12);
}

TEST_F(ApiTest, TellsHowLikelyTokensWere) {
  const std::string more = R"(, "max_tokens": 4, "logprobs": true, "top_logprobs": 2)";
  const json whole = json::parse(post(kChat, std::string("{") + kHi + more + "}").body);
  const json& content = whole.at("choices").at(0).at("logprobs").at("content");
  ASSERT_EQ(content.size(), 4U) << whole;
  std::string text;
  for (const json& token : content) {
    text += token.at("token");
    EXPECT_EQ(token.at("logprob"), -0.5);
    EXPECT_EQ(token.at("bytes").size(), std::string(token.at("token")).size());
    ASSERT_EQ(token.at("top_logprobs").size(), 2U);
    EXPECT_EQ(token.at("top_logprobs").at(1).at("logprob"), -9999.0) << "it cannot be";
    EXPECT_TRUE(token.at("top_logprobs").at(1).at("bytes").is_null()) << "a part of a character";
  }
  EXPECT_EQ(text, expected("uHi", 4));

  std::string streamed;
  for (const json& one :
       events(post(kChat, std::string("{") + kHi + more + R"(, "stream": true})")))
    if (const json& logprobs = one.at("choices").at(0).at("logprobs"); !logprobs.is_null())
      for (const json& token : logprobs.at("content")) streamed += token.at("token");
  EXPECT_EQ(streamed, text);

  const json completion = json::parse(
      post("/v1/completions", R"({"prompt": "abc", "max_tokens": 4, "logprobs": 2})").body);
  const json& legacy = completion.at("choices").at(0).at("logprobs");
  EXPECT_EQ(legacy.at("tokens").size(), 4U);
  EXPECT_EQ(legacy.at("token_logprobs").at(0), -0.5);
  EXPECT_EQ(legacy.at("top_logprobs").at(0).size(), 2U);
}

TEST_F(ApiTest, KeepsAnAnswerToItsFormat) {
  const std::string body =
      std::string("{") + kHi + R"(, "max_tokens": 2, "response_format": {"type": "json_object"}})";
  EXPECT_EQ(code_of(post(kChat, body)), "unsupported_parameter") << "this model has no grammar";
  int made = 0;
  served_.constrain = [&](const AskedFormat& format) {
    EXPECT_EQ(format.kind, AskedFormat::Kind::kJsonObject);
    ++made;
    return [] { return std::unique_ptr<engine::Constraint>(); };
  };
  EXPECT_EQ(post(kChat, body).status, 200);
  EXPECT_EQ(made, 1);
  served_.constrain = [](const AskedFormat&) -> serving::MakeConstraint {
    throw Error(ErrorKind::kUsage, "unevaluatedProperties cannot be honoured");
  };
  EXPECT_EQ(code_of(post(kChat, body)), "invalid_schema");
}

class ApiWithTools : public ApiTest {
 protected:
  static constexpr const char* kTools =
      R"(, "tools": [{"type": "function", "function": {"name": "add"}}])";
  ApiWithTools() {
    served_.tools = chat::tool_format("{{ tools }} <tool_call>");
    runner_.script = {"Well. <tool", "_call>{\"name\": \"add\",", " \"arguments\": {\"a\": 1}}",
                      "</tool_call>"};
  }
};

TEST_F(ApiWithTools, TellsCallsFromWhatIsSaid) {
  const std::string body = std::string("{") + kHi + kTools + R"(, "max_tokens": 4)";
  const json whole = json::parse(post(kChat, body + "}").body);
  EXPECT_EQ(whole.at("usage").at("prompt_tokens"), 4) << "the template got them";
  const json& message = whole.at("choices").at(0).at("message");
  EXPECT_EQ(message.at("content"), "Well. ");
  ASSERT_EQ(message.at("tool_calls").size(), 1U) << whole;
  const json& call = message.at("tool_calls").at(0);
  EXPECT_EQ(call.at("type"), "function");
  EXPECT_EQ(call.at("function").at("name"), "add");
  EXPECT_EQ(call.at("function").at("arguments"), R"({"a":1})");

  std::string said;
  std::vector<json> calls;
  for (const json& one : events(post(kChat, body + R"(, "stream": true})"))) {
    const json& delta = one.at("choices").at(0).at("delta");
    said += delta.value("content", "");
    if (delta.contains("tool_calls")) calls.push_back(delta.at("tool_calls").at(0));
  }
  EXPECT_EQ(said, "Well. ");
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].at("index"), 0);
  EXPECT_EQ(calls[0].at("function"), call.at("function"));
}

TEST_F(ApiWithTools, SaysWhatIsNoCallAfterAll) {
  runner_.script = {"<tool_call>", "half a ", "thought", "</tool_call>"};
  const json whole =
      json::parse(post(kChat, std::string("{") + kHi + kTools + R"(, "max_tokens": 4})").body);
  const json& message = whole.at("choices").at(0).at("message");
  EXPECT_EQ(message.at("content"), "<tool_call>half a thought</tool_call>");
  EXPECT_FALSE(message.contains("tool_calls"));
}

TEST_F(ApiWithTools, CallsNothingWithoutTools) {
  const std::string begin = std::string("{") + kHi, end = R"(, "max_tokens": 4})";
  for (const std::string& more :
       {std::string(), std::string(kTools) + R"(, "tool_choice": "none")"}) {
    const json whole = json::parse(post(kChat, begin + more + end).body);
    EXPECT_EQ(whole.at("usage").at("prompt_tokens"), 3);
    EXPECT_FALSE(whole.at("choices").at(0).at("message").contains("tool_calls"));
  }
}

TEST_F(ApiWithTools, RefusesThemWhereTheTemplateHasNone) {
  served_.tools = nullptr;
  const HttpAnswer refused = post(kChat, std::string("{") + kHi + kTools + "}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json::parse(refused.body).at("error").at("param"), "tools");
}

TEST_F(ApiTest, SaysWhatItRefusesInOneForm) {
  const auto refused = [&](const HttpAnswer& answer, int status, const std::string& code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(code_of(answer), code);
    const json error = json::parse(answer.body).at("error");
    EXPECT_TRUE(error.at("message").is_string());
    EXPECT_TRUE(error.contains("param"));
    EXPECT_TRUE(error.at("type").is_string());
  };
  refused(post(kChat, "{"), 400, "invalid_json");
  refused(post(kChat, "{}"), 400, "invalid_value");
  refused(post(kChat, std::string("{") + kHi + R"(, "model": "gpt-4"})"), 404, "model_not_found");
  refused(post(kChat, std::string("{") + kHi + R"(, "max_tokens": 51})"), 400, "invalid_value");
  refused(post(kChat, R"({"messages": [{"role": "user", "content": "forbidden"}]})"), 400,
          "invalid_prompt");
  refused(post(kChat, std::string("{") + kHi + R"(, "n": 4})"), 400, "invalid_value");
  refused(post("/v1/completions", R"({"prompt": ""})"), 400, "invalid_value");
  refused(post("/v1/completions", R"({"prompt": [200]})"), 400, "invalid_value");
  refused(post("/v1/completions", "{\"prompt\": \"" + std::string(64, 'x') + "\"}"), 400,
          "context_length_exceeded");
  refused(post("/nothing", "{}"), 404, "not_found");
  refused(ask(request("GET", kChat)), 405, "method_not_allowed");
  refused(ask(request("DELETE", "/v1/models/fake")), 405, "method_not_allowed");
  HttpRequest form = request("POST", kChat, "a=b");
  form.content_type = "application/x-www-form-urlencoded";
  refused(ask(form), 415, "unsupported_media_type");
  HttpRequest elsewhere = request("GET", "/v1/models");
  elsewhere.host = "evil.example";
  refused(ask(elsewhere), 403, "host_not_allowed");
}

TEST_F(ApiTest, NamesTheMethodThatIsAllowed) {
  const HttpAnswer answer = ask(request("GET", kChat));
  EXPECT_THAT(answer.headers, ElementsAre(testing::Pair("Allow", "POST")));
}

TEST_F(ApiTest, RefusesWhatTheQueueDoesNotHold) {
  held_ = true;  // nothing is begun
  const std::string body = std::string("{") + kHi + R"(, "max_tokens": 3, "stream": true})";
  std::vector<HttpAnswer> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(post(kChat, body));
  for (const HttpAnswer& one : taken) EXPECT_EQ(one.status, 200) << one.body;
  const HttpAnswer refused = post(kChat, body);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code_of(refused), "queue_full");
  EXPECT_THAT(refused.headers, ElementsAre(testing::Pair("Retry-After", "1")));
  held_ = false;
  EXPECT_GE(events(taken[0]).size(), 3U);
}

TEST_F(ApiTest, CancelsWhatNobodyReads) {
  reader_.has_gone = true;
  held_ = true;
  EXPECT_EQ(post(kChat, std::string("{") + kHi + "}").status, 499);
  held_ = false;
  const auto cancelled = [&] {
    return service_.statistics().ended.at(static_cast<size_t>(serving::End::kCancelled));
  };
  while (cancelled() == 0) std::this_thread::yield();
  EXPECT_EQ(cancelled(), 1U);
  EXPECT_TRUE(service_.idle());
}

TEST_F(ApiTest, TellsOfAStopInTheStream) {
  held_ = true;
  const HttpAnswer answer = post(kChat, std::string("{") + kHi + R"(, "stream": true})");
  service_.stop_all();
  held_ = false;
  const std::vector<json> all = events(answer);
  EXPECT_EQ(all.back().at("error").at("code"), "server_stopping");
  const HttpAnswer late = post(kChat, std::string("{") + kHi + "}");
  EXPECT_EQ(late.status, 503);
}

TEST_F(ApiTest, TellsWhatItServesAndWhy) {
  const json list = json::parse(ask(request("GET", "/v1/models")).body);
  EXPECT_EQ(list.at("object"), "list");
  const json& model = list.at("data").at(0);
  EXPECT_EQ(model.at("id"), "fake");
  EXPECT_EQ(model.at("nety").at("mode"), "fp32");
  EXPECT_EQ(model.at("nety").at("policy").at(0), "Because it was asked for.");
  EXPECT_EQ(model.at("nety").at("weights_bytes"), 500);
  EXPECT_EQ(model.at("nety").at("per_token_bytes"), 400);
  EXPECT_EQ(json::parse(ask(request("GET", "/v1/models/fake")).body), model);
  EXPECT_EQ(ask(request("GET", "/v1/models/other")).status, 404);
  EXPECT_EQ(json::parse(ask(request("GET", "/health")).body).at("slots"), 2);
}

TEST_F(ApiTest, CountsForPrometheus) {
  post(kChat, std::string("{") + kHi + R"(, "max_tokens": 5})");
  const HttpAnswer answer = ask(request("GET", "/metrics"));
  EXPECT_THAT(answer.type, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer.body, HasSubstr("nety_requests_total{end=\"finished\"} 1\n"));
  EXPECT_THAT(answer.body, HasSubstr("nety_answer_tokens_total 5\n"));
  EXPECT_THAT(answer.body, HasSubstr("nety_ttft_seconds_bucket{le=\"+Inf\"} 1\n"));
  EXPECT_THAT(answer.body, HasSubstr("# TYPE nety_tpot_seconds histogram\n"));
}

// What is described is what is served, and nothing else.
TEST_F(ApiTest, DescribesEveryAddress) {
  const json description = json::parse(ask(request("GET", "/openapi.json")).body);
  int described = 0;
  for (const auto& [path, methods] : description.at("paths").items())
    for (const auto& [method, operation] : methods.items()) {
      ++described;
      std::string address = path, word = method;
      if (const size_t hole = address.find('{'); hole != std::string::npos)
        address = address.substr(0, hole) + "fake";
      for (char& c : word) c = static_cast<char>(std::toupper(c));
      const HttpAnswer answer = ask(request(word, address, word == "POST" ? "{}" : ""));
      EXPECT_NE(answer.status, 404) << word << " " << address;
      EXPECT_NE(answer.status, 405) << word << " " << address;
      EXPECT_TRUE(operation.at("responses").contains(std::to_string(answer.status))) << address;
    }
  EXPECT_EQ(described, 8);
}

// Every field of the description is taken, and every schema that it names is there.
TEST_F(ApiTest, TakesEveryFieldThatIsDescribed) {
  const json schemas =
      json::parse(ask(request("GET", "/openapi.json")).body).at("components").at("schemas");
  const auto takes_all = [&](const std::string& name, const std::string& path, const json& least) {
    for (const auto& [field, schema] : schemas.at(name).at("properties").items()) {
      json body = least;
      body[field] = {{"what", 1}};  // no field is that
      const HttpAnswer answer = post(path, body.dump());
      EXPECT_EQ(answer.status, 400) << field;
      EXPECT_NE(code_of(answer), "unknown_parameter") << field;
    }
  };
  takes_all("ChatRequest", kChat, json::parse(std::string("{") + kHi + "}"));
  takes_all("CompletionRequest", "/v1/completions", {{"prompt", "x"}});
}

class ApiWithKey : public ApiTest {
 protected:
  ApiWithKey() : ApiTest("0123456789abcdef", "https://a.example") {}
};

TEST_F(ApiWithKey, AsksForItEverywhereButForHealthAndThePage) {
  EXPECT_EQ(ask(request("GET", "/health")).status, 200);
  EXPECT_EQ(ask(request("GET", "/")).type, "text/html; charset=utf-8");
  for (const char* path : {"/v1/models", "/metrics", "/openapi.json", "/nothing"})
    EXPECT_EQ(ask(request("GET", path)).status, 401) << path;
  const HttpAnswer refused = post(kChat, "{}");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(code_of(refused), "invalid_api_key");
  HttpRequest right = request("GET", "/v1/models");
  right.authorization = "Bearer 0123456789abcdef";
  EXPECT_EQ(ask(right).status, 200);
}

TEST_F(ApiWithKey, LetsTheNamedPageAsk) {
  HttpRequest first = request("OPTIONS", kChat);
  first.origin = "https://a.example";
  const HttpAnswer allowed = ask(first);
  EXPECT_EQ(allowed.status, 204);
  EXPECT_THAT(allowed.headers,
              testing::Contains(testing::Pair("Access-Control-Allow-Origin", "https://a.example")));
}

}  // namespace
}  // namespace nety::serve
