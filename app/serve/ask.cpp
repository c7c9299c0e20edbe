// Fields of OpenAI's interface: taken, taken without effect, or refused by name.
#include "app/serve/ask.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/serve/api_error.h"
#include "app/serve/fields.h"
#include "app/serve/tools.h"
#include "core/engine/logprobs.h"

namespace nety::serve {
namespace {

using json = nlohmann::ordered_json;  // a schema's properties have an order

constexpr size_t kMostStops = 16;
constexpr size_t kMostMessages = 4096;
constexpr int64_t kMostTokens = 1'000'000;
constexpr int64_t kUsualCompletion = 16;  // OpenAI's
constexpr int64_t kMostAnswers = 128;
constexpr size_t kMostBiases = 1024;
constexpr double kMostBias = 100;

std::vector<std::string> read_stops(Fields& fields) {
  const json* value = fields.find("stop");
  if (value == nullptr) return {};
  std::vector<std::string> stops;
  for (const json& one : value->is_array() ? *value : json::array({*value})) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      refuse_value(fields.path("stop"), "a text or a list of texts is needed, none of them empty");
    stops.push_back(one.get<std::string>());
  }
  if (stops.size() > kMostStops)
    refuse_value(fields.path("stop"), fmt::format("at most {} texts are taken", kMostStops));
  return stops;
}

void read_stream(Fields& fields, Ask& ask) {
  ask.stream = fields.flag("stream").value_or(false);
  const json* options = fields.find("stream_options");
  if (options == nullptr) return;
  if (!ask.stream) refuse_value("stream_options", "it belongs to \"stream\": true");
  Fields inner(*options, "stream_options");
  ask.stream_usage = inner.flag("include_usage").value_or(false);
  inner.ignore({"include_obfuscation"});
  inner.refuse_others();
}

std::optional<double> read_number(Fields& fields, const engine::SamplingRow<double>& row) {
  return fields.number(row.name, row.least, row.most);
}
std::optional<int64_t> read_number(Fields& fields, const engine::SamplingRow<int64_t>& row) {
  return fields.whole(row.name, row.least, row.most);
}

/// {"token id": bias}
std::vector<engine::LogitBias> read_bias(Fields& fields) {
  const json* value = fields.find("logit_bias");
  if (value == nullptr) return {};
  const std::string where = fields.path("logit_bias");
  if (!value->is_object() || value->size() > kMostBiases)
    refuse_value(where, fmt::format("an object of at most {} token ids is needed", kMostBiases));
  std::vector<engine::LogitBias> biases;
  for (const auto& [name, bias] : value->items()) {
    int32_t token = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), token);
    if (code != std::errc() || end != name.data() + name.size() || token < 0)
      refuse_value(where, fmt::format("'{}' is no token id", name));
    const double number = bias.is_number() ? bias.get<double>() : NAN;
    if (!(number >= -kMostBias && number <= kMostBias))
      refuse_value(where, fmt::format("a bias from {} to {} is needed", -kMostBias, kMostBias));
    biases.push_back({token, static_cast<float>(number)});
  }
  return biases;
}

/// What both kinds of requests have.
void read_shared(Fields& fields, Ask& ask) {
  ask.model = fields.text("model").value_or("");
  ask.user = fields.text("user").value_or("");
  AskedSampling& sampling = ask.sampling;
  engine::visit_sampling([&](const auto& row, auto& value) { value = read_number(fields, row); },
                         sampling);
  sampling.seed = fields.whole("seed", 0, INT64_MAX);
  sampling.tokens = fields.whole("max_tokens", 1, kMostTokens);
  sampling.stops = read_stops(fields);
  sampling.bias = read_bias(fields);
  ask.answers = fields.whole("n", 1, kMostAnswers).value_or(1);
  read_stream(fields, ask);
}

std::string read_part(const json& part, const std::string& where) {
  Fields fields(part, where);
  const std::string type = fields.text("type").value_or("");
  if (type != "text")
    refuse_value(where + ".type", fmt::format("'{}' is not supported: text is", type));
  auto text = fields.text("text");
  if (!text) refuse_value(where + ".text", "a text is needed");
  fields.refuse_others();
  return *std::move(text);
}

/// A text, or a list of parts that are texts.
std::string read_content(const json& content, const std::string& where) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) refuse_value(where, "a text or a list of parts is needed");
  std::string all;
  for (size_t i = 0; i < content.size(); ++i)
    all += read_part(content[i], fmt::format("{}[{}]", where, i));
  return all;
}

chat::Message read_message(const json& message, const std::string& where) {
  Fields fields(message, where);
  std::string role = fields.text("role").value_or("");
  if (role == "developer") role = "system";
  if (role != "system" && role != "user" && role != "assistant" && role != "tool")
    refuse_value(where + ".role",
                 fmt::format("'{}' is not supported: system, developer, user, assistant and tool "
                             "are",
                             role));
  chat::Message read{role, {}};
  if (const json* content = fields.find("content"))
    read.content = read_content(*content, where + ".content");
  else if (role != "assistant")
    refuse_value(where + ".content", "a text is needed");
  read.thinking = fields.text("reasoning_content").value_or("");
  if (role == "assistant") read.whole = read.content;
  if (const json* calls = fields.find("tool_calls"))
    read.tool_calls = read_tool_calls(*calls, where + ".tool_calls");
  read.tool_call_id = fields.text("tool_call_id").value_or("");
  if (role == "tool") read.name = fields.text("name").value_or("");
  fields.refuse("function_call", "tool_calls is what is asked for now");
  fields.ignore({"name", "refusal", "annotations", "audio"});
  fields.refuse_others();
  return read;
}

void read_messages(Fields& fields, Ask& ask) {
  const json* messages = fields.find("messages");
  if (messages == nullptr || !messages->is_array() || messages->empty())
    refuse_value("messages", "a list of messages is needed");
  if (messages->size() > kMostMessages)
    refuse_value("messages", fmt::format("at most {} messages are taken", kMostMessages));
  for (size_t i = 0; i < messages->size(); ++i)
    ask.messages.push_back(read_message((*messages)[i], fmt::format("messages[{}]", i)));
}

AskedFormat read_response_format(Fields& fields) {
  const json* value = fields.find("response_format");
  if (value == nullptr) return {};
  Fields format(*value, "response_format");
  const std::string type = format.text("type").value_or("");
  AskedFormat asked;
  if (type == "json_object") {
    asked.kind = AskedFormat::Kind::kJsonObject;
  } else if (type == "json_schema") {
    asked.kind = AskedFormat::Kind::kJsonSchema;
    const json* inner = format.find("json_schema");
    if (inner == nullptr) refuse_value("response_format.json_schema", "an object is needed");
    Fields named(*inner, "response_format.json_schema");
    const json* schema = named.find("schema");
    if (schema == nullptr) refuse_value("response_format.json_schema.schema", "a schema is needed");
    asked.schema = schema->dump();
    named.ignore({"name", "description", "strict"});
    named.refuse_others();
  } else if (type != "text") {
    throw ApiError(400, "unsupported_parameter",
                   fmt::format("response_format: '{}' is not supported: text, json_object and "
                               "json_schema are",
                               type),
                   "response_format");
  }
  format.refuse_others();
  return asked;
}

void read_chat_logprobs(Fields& fields, AskedSampling& sampling) {
  const bool wanted = fields.flag("logprobs").value_or(false);
  const auto top = fields.whole("top_logprobs", 0, engine::kMostLogprobs);
  if (top.value_or(0) > 0 && !wanted)
    refuse_value("top_logprobs", "it belongs to \"logprobs\": true");
  if (wanted) sampling.logprobs = static_cast<int32_t>(top.value_or(0));
}

/// Token ids, or a text, or a list with one of either.
void read_prompt(Fields& fields, Ask& ask) {
  const json* prompt = fields.find("prompt");
  if (prompt == nullptr) refuse_value("prompt", "a text is needed");
  if (prompt->is_array() && prompt->size() == 1 && !prompt->front().is_number())
    prompt = &prompt->front();
  if (prompt->is_string()) {
    ask.prompt = prompt->get<std::string>();
    return;
  }
  if (!prompt->is_array() || prompt->empty())
    refuse_value("prompt", "a text or a list of token ids is needed");
  std::vector<int32_t>& ids = ask.prompt_ids.emplace();
  for (const json& one : *prompt) {
    if (!one.is_number_unsigned() || one.get<uint64_t>() > INT32_MAX)
      refuse_value("prompt", "one prompt is taken at a time: a text or a list of token ids");
    ids.push_back(one.get<int32_t>());
  }
}

}  // namespace

Ask read_chat_ask(const std::string& body) {
  const json object = parse_json(body);
  Fields fields(object);
  Ask ask;
  ask.is_chat = true;
  read_shared(fields, ask);
  if (const auto tokens = fields.whole("max_completion_tokens", 1, kMostTokens))
    ask.sampling.tokens = tokens;
  read_messages(fields, ask);
  ask.format = read_response_format(fields);
  ask.tools = read_tools(fields);
  fields.refuse("functions", "tools are what is asked for now");
  fields.refuse_unless("function_call", "none", "tool_choice is what is asked for now");
  read_chat_logprobs(fields, ask.sampling);
  fields.refuse("audio", "only text is answered");
  fields.refuse("web_search_options", "nothing is searched");
  fields.ignore({"metadata", "store", "service_tier", "parallel_tool_calls", "prediction",
                 "prompt_cache_key", "safety_identifier", "modalities"});
  fields.refuse_others();
  return ask;
}

Ask read_completion_ask(const std::string& body) {
  const json object = parse_json(body);
  Fields fields(object);
  Ask ask;
  read_shared(fields, ask);
  if (!ask.sampling.tokens) ask.sampling.tokens = kUsualCompletion;
  read_prompt(fields, ask);
  fields.refuse("echo", "the prompt is not repeated");
  fields.refuse("suffix", "text is not filled in");
  if (fields.whole("best_of", 1, kMostAnswers).value_or(ask.answers) != ask.answers)
    refuse_value("best_of", "all answers are given: leave it out, or as n");
  if (const auto logprobs = fields.whole("logprobs", 0, engine::kMostLogprobs))
    ask.sampling.logprobs = static_cast<int32_t>(*logprobs);
  fields.refuse_others();
  return ask;
}

}  // namespace nety::serve
