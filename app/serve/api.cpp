#include "app/serve/api.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "app/serve/answering.h"
#include "app/serve/json_text.h"
#include "app/serve/page.h"
#include "core/base/error.h"

namespace nety::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDescription =
#include "app/serve/openapi.json.inc"
    ;

Json json_of(const ModelCard& card) {
  return {{"id", card.id},
          {"object", "model"},
          {"created", card.created},
          {"owned_by", "nety"},
          {"nety",
           {{"mode", card.mode},
            {"backend", card.backend},
            {"device", card.device},
            {"context", card.context},
            {"policy", card.policy},
            {"weights_bytes", card.weights_bytes},
            {"per_token_bytes", card.per_token_bytes},
            {"same_bits", card.same_bits}}}};
}

int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

ApiError error_of(serving::Refusal refusal, const serving::Limits& limits) {
  switch (refusal) {
    case serving::Refusal::kQueueFull:
      return {429, "queue_full",
              fmt::format("{} requests wait already: try again later", limits.queue)};
    case serving::Refusal::kPromptTooLong:
      return {400, "context_length_exceeded",
              fmt::format("the prompt is longer than {} tokens", limits.prompt_tokens)};
    case serving::Refusal::kStopping:
      return {503, "server_stopping", "the server stops"};
  }
  return {500, "engine_error", "the request was not taken"};
}

bool has_tools(const Ask& ask) { return !std::holds_alternative<std::monostate>(ask.tools.value); }

/// What a status says by a word, where HTTP itself is at fault.
const char* code_of(int status) {
  switch (status) {
    case 408:
      return "request_timeout";
    case 411:
      return "length_required";
    case 413:
      return "body_too_large";
    case 414:
      return "uri_too_long";
    case 415:
      return "unsupported_media_type";
    case 431:
      return "headers_too_large";
    case 503:
      return "too_many_connections";
    default:
      return "bad_request";
  }
}

}  // namespace

struct Api::Route {
  std::string_view method, path;
  HttpAnswer (Api::*handle)(const HttpRequest&, HttpPeer&);
  bool open = false;  ///< To anybody, key or not.
};

const Api::Route Api::kRoutes[] = {
    {"POST", "/v1/chat/completions", &Api::chat},
    {"POST", "/v1/completions", &Api::completion},
    {"GET", "/v1/models", &Api::models},
    {"GET", "/health", &Api::health, true},
    {"GET", "/metrics", &Api::metrics},
    {"GET", "/openapi.json", &Api::description},
    {"GET", "/", &Api::page, true},
};

/// Followed by the name of a model.
const Api::Route Api::kOneModel{"GET", "/v1/models/", &Api::one_model};

Api::Api(const Served& served, serving::Service& service, const Access& access,
         std::function<ServerFacts()> facts)
    : served_(served), service_(service), access_(access), facts_(std::move(facts)) {}

Api::Found Api::find(const HttpRequest& request) {
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const Route& route : kRoutes)
    if (route.path == request.path)
      return route.method == method ? Found{&route} : Found{nullptr, route.method};
  if (request.path.starts_with(kOneModel.path))
    return method == kOneModel.method ? Found{&kOneModel} : Found{nullptr, kOneModel.method};
  return {};
}

std::optional<HttpAnswer> Api::admit(const HttpRequest& head) {
  // A browser asks first whether a page may ask at all; it sends no key then.
  if (head.method == "OPTIONS" && !access_.origin.empty()) return std::nullopt;
  const Found found = find(head);
  const auto refused = [&](const ApiError& error) {
    HttpAnswer answer = error_answer(error);
    if (error.status() == 405) answer.headers.emplace_back("Allow", found.allowed);
    add_origin_headers(access_, head, answer);
    return answer;
  };
  const bool open = found.route != nullptr && found.route->open;
  if (const auto denied = open ? std::nullopt : check_access(access_, head))
    return refused(*denied);
  if (!found.allowed.empty())
    return refused(
        {405, "method_not_allowed", fmt::format("{} takes {} only", head.path, found.allowed)});
  if (found.route == nullptr)
    return refused({404, "not_found", fmt::format("there is nothing at {}", head.path)});
  // A page elsewhere may send other types without asking the browser's leave.
  if (head.method == "POST" && !head.content_type.starts_with("application/json"))
    return refused({415, "unsupported_media_type", "Content-Type: application/json is needed"});
  return std::nullopt;
}

HttpAnswer Api::answer(const HttpRequest& request, HttpPeer& peer) {
  HttpAnswer answer;
  try {
    if (request.method == "OPTIONS") {
      answer = {.status = 204};
      answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST");
      answer.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
    } else {
      answer = (this->*find(request).route->handle)(request, peer);
    }
  } catch (const ApiError& error) {
    answer = error_answer(error);
  } catch (const Error& error) {
    // A conversation that a template refuses, a prompt that is empty: the client's to change.
    const bool theirs = error.kind() == ErrorKind::kUsage;
    answer = error_answer(
        ApiError(theirs ? 400 : 500, theirs ? "invalid_prompt" : "engine_error", error.what()));
  } catch (const std::exception& error) {
    answer = error_answer(ApiError(500, "internal_error", error.what()));
  }
  add_origin_headers(access_, request, answer);
  return answer;
}

HttpAnswer Api::refuse(int status, std::string_view why) {
  return error_answer(ApiError(status, code_of(status), std::string(why)));
}

HttpAnswer Api::page(const HttpRequest&, HttpPeer&) { return chat_page(); }

HttpAnswer Api::chat(const HttpRequest& request, HttpPeer& peer) {
  return complete(read_chat_ask(request.body), request, peer);
}

HttpAnswer Api::completion(const HttpRequest& request, HttpPeer& peer) {
  return complete(read_completion_ask(request.body), request, peer);
}

serving::Request Api::request_of(const Ask& ask, PromptTokens prompt,
                                 const std::string& client) const {
  const int64_t most = service_.limits().answer_tokens;
  if (ask.sampling.tokens.value_or(0) > most)
    throw ApiError(400, "invalid_value",
                   fmt::format("max_tokens: at most {} tokens are answered", most), "max_tokens");
  for (const int32_t id : prompt.ids)
    if (id >= served_.card.vocabulary)
      throw ApiError(400, "invalid_value",
                     fmt::format("prompt: token {} is outside the vocabulary", id), "prompt");
  const int64_t room = service_.limits().running + service_.limits().queue;
  if (ask.answers > room)
    throw ApiError(400, "invalid_value", fmt::format("n: at most {} answers fit the queue", room),
                   "n");
  for (const engine::LogitBias& bias : ask.sampling.bias)
    if (bias.token >= served_.card.vocabulary)
      throw ApiError(400, "invalid_value",
                     fmt::format("logit_bias: token {} is outside the vocabulary", bias.token),
                     "logit_bias");
  serving::Request made{std::move(prompt.ids), served_.resolve(ask.sampling), client, {}};
  if (ask.format.kind != AskedFormat::Kind::kText) {
    if (!served_.constrain)
      throw ApiError(400, "unsupported_parameter",
                     "response_format: only text is supported by this build", "response_format");
    try {
      made.constraint = served_.constrain(ask.format);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kUsage) throw;
      throw ApiError(400, "invalid_schema", error.what(), "response_format");
    }
  }
  if (!ask.sampling.tokens) made.options.tokens = most;
  return made;
}

serving::Ticket Api::submit(serving::Request request) {
  auto submitted = service_.submit(std::move(request));
  if (!submitted.ticket) throw error_of(submitted.refusal, service_.limits());
  return std::move(*submitted.ticket);
}

PromptTokens Api::render(const Ask& ask) const {
  if (!has_tools(ask)) return served_.render(ask.messages, nullptr);
  if (served_.tools == nullptr)
    throw ApiError(400, "unsupported_parameter",
                   "tools: this model's chat template takes none, or in a form that is not known",
                   "tools");
  return served_.render(ask.messages, &ask.tools);
}

HttpAnswer Api::complete(const Ask& ask, const HttpRequest& request, HttpPeer& peer) {
  if (!ask.model.empty() && ask.model != served_.card.id)
    throw ApiError(404, "model_not_found",
                   fmt::format("'{}' is not served here; {} is", ask.model, served_.card.id),
                   "model");
  PromptTokens prompt = ask.is_chat      ? render(ask)
                        : ask.prompt_ids ? PromptTokens{*ask.prompt_ids}
                                         : PromptTokens{served_.encode(ask.prompt)};
  if (prompt.ids.empty()) throw ApiError(400, "invalid_value", "prompt: it is empty", "prompt");
  const AnswerShape shape{.is_chat = ask.is_chat,
                          .with_logprobs = ask.sampling.logprobs >= 0,
                          .with_usage = ask.stream_usage,
                          .opened = prompt.opened,
                          .tools = has_tools(ask) ? served_.tools : nullptr};
  const serving::Request first =
      request_of(ask, std::move(prompt), request.client + "/" + ask.user);
  // The others have the same prompt, and seeds of their own.
  const auto ask_for = [this, first](int64_t index) {
    serving::Request one = first;
    one.options.sampling.seed += static_cast<uint64_t>(index);
    return submit(std::move(one));
  };
  serving::Ticket ticket = ask_for(0);
  AnswerJson json(served_, ask.is_chat, shape.with_logprobs, ticket.id(), unix_seconds());
  const auto answering =
      std::make_shared<Answering>(std::move(ticket), std::move(json), shape, ask.answers, ask_for);
  if (!ask.stream) return answering->whole(peer);
  HttpAnswer answer{.type = "text/event-stream"};
  answer.headers.emplace_back("Cache-Control", "no-cache");
  answer.stream = [answering](HttpPeer& reader) {
    const auto fail = [&](const ApiError& error) {
      reader.write("data: " + error_body(error) + "\n\n");
    };
    try {
      answering->stream(reader);
    } catch (const ApiError& error) {
      fail(error);
    } catch (const std::exception& error) {
      fail(ApiError(500, "internal_error", error.what()));
    }
  };
  return answer;
}

HttpAnswer Api::models(const HttpRequest&, HttpPeer&) {
  const Json list = {{"object", "list"}, {"data", Json::array({json_of(served_.card)})}};
  return {.body = text_of(list)};
}

HttpAnswer Api::one_model(const HttpRequest& request, HttpPeer&) {
  const std::string id = request.path.substr(kOneModel.path.size());
  if (id != served_.card.id)
    throw ApiError(404, "model_not_found",
                   fmt::format("'{}' is not served here; {} is", id, served_.card.id), "model");
  return {.body = text_of(json_of(served_.card))};
}

HttpAnswer Api::health(const HttpRequest&, HttpPeer&) {
  const serving::Statistics now = service_.statistics();
  const Json json = {{"status", "ok"},
                     {"waiting", now.waiting},
                     {"running", now.running},
                     {"slots", service_.limits().running}};
  return {.body = text_of(json)};
}

HttpAnswer Api::metrics(const HttpRequest&, HttpPeer&) {
  return {.type = "text/plain; version=0.0.4; charset=utf-8",
          .body = metrics_text(service_.statistics(), facts_(), served_.card)};
}

HttpAnswer Api::description(const HttpRequest&, HttpPeer&) {
  return {.body = std::string(kDescription)};
}

}  // namespace nety::serve
