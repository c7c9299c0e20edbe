#include "app/serve/answer_json.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "app/serve/json_text.h"
#include "core/base/printable.h"

namespace nety::serve {
namespace {

using Json = nlohmann::ordered_json;

Json rate(int64_t tokens, double seconds) {
  return tokens > 0 && seconds > 0 ? Json(static_cast<double>(tokens) / seconds) : Json();
}

/// JSON has no infinity: OpenAI's stand-in for "next to impossible".
double finite(float logprob) {
  return std::isfinite(logprob) ? static_cast<double>(logprob) : -9999.0;
}

Json usage_of(const serving::Summary& summary) {
  return {{"prompt_tokens", summary.prompt_tokens},
          {"completion_tokens", summary.answer_tokens},
          {"total_tokens", summary.prompt_tokens + summary.answer_tokens},
          {"prompt_tokens_details", {{"cached_tokens", summary.reused_tokens}}}};
}

Json timings_of(const serving::Summary& summary) {
  return {{"queue_s", summary.queue_s},
          {"prefill_s", summary.prefill_s()},
          {"ttft_s", summary.ttft_s},
          {"decode_s", summary.decode_s()},
          {"pp_tps", rate(summary.prompt_tokens - summary.reused_tokens, summary.prefill_s())},
          {"tg_tps", rate(summary.answer_tokens - 1, summary.decode_s())}};
}

}  // namespace

const char* finish_reason(const serving::Summary& summary, bool calls) {
  const bool ended =
      summary.end == serving::End::kFinished && (summary.finish == engine::FinishReason::kEnd ||
                                                 summary.finish == engine::FinishReason::kStop);
  if (!ended) return "length";
  return calls ? "tool_calls" : "stop";
}

void AnswerPiece::add(AnswerPiece more) {
  thought += more.thought;
  said += more.said;
  std::ranges::move(more.chances, std::back_inserter(chances));
  std::ranges::move(more.calls, std::back_inserter(calls));
}

AnswerJson::AnswerJson(const Served& served, bool is_chat, bool with_logprobs,
                       serving::RequestId id, int64_t created)
    : served_(served),
      is_chat_(is_chat),
      with_logprobs_(with_logprobs),
      id_(fmt::format("{}-{:x}-{}", is_chat ? "chatcmpl" : "cmpl", served.card.created, id)),
      created_(created) {}

Json AnswerJson::frame(const char* object) const {
  const ModelCard& card = served_.card;
  return {{"id", id_},
          {"object", object},
          {"created", created_},
          {"model", card.id},
          {"system_fingerprint", fmt::format("nety-{}-{}", card.mode, card.backend)}};
}

Json AnswerJson::token_json(int32_t id, float logprob) const {
  const std::string text = served_.token_text(id);
  Json json = {{"token", text}, {"logprob", finite(logprob)}, {"bytes", nullptr}};
  // A token that is a part of a character has no text, and its bytes are not known here.
  if (text.find(kReplacement) == std::string::npos)
    json["bytes"] =
        std::vector<int>(reinterpret_cast<const unsigned char*>(text.data()),
                         reinterpret_cast<const unsigned char*>(text.data()) + text.size());
  return json;
}

Json AnswerJson::chat_logprobs(std::span<const TokenChance> chances) const {
  Json content = Json::array();
  for (const TokenChance& one : chances) {
    Json token = token_json(one.id, one.of.chosen);
    Json top = Json::array();
    for (const engine::LogProbability& other : one.of.likeliest)
      top.push_back(token_json(other.id, other.logprob));
    token["top_logprobs"] = std::move(top);
    content.push_back(std::move(token));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json AnswerJson::completion_logprobs(std::span<const TokenChance> chances) const {
  Json tokens = Json::array(), logprobs = Json::array(), tops = Json::array();
  for (const TokenChance& one : chances) {
    tokens.push_back(served_.token_text(one.id));
    logprobs.push_back(finite(one.of.chosen));
    Json top = Json::object();
    for (const engine::LogProbability& other : one.of.likeliest)
      top[served_.token_text(other.id)] = finite(other.logprob);
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(tokens)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)}};
}

Json AnswerJson::calls_of(size_t index, const std::vector<ToolCall>& calls, size_t first,
                          bool numbered) const {
  Json list = Json::array();
  for (size_t i = 0; i < calls.size(); ++i) {
    Json call = Json::object();
    if (numbered) call["index"] = first + i;
    call["id"] = fmt::format("call_{}_{}_{}", id_, index, first + i);
    call["type"] = "function";
    call["function"] = {{"name", calls[i].name}, {"arguments", calls[i].arguments}};
    list.push_back(std::move(call));
  }
  return list;
}

Json AnswerJson::logprobs_of(std::span<const TokenChance> chances) const {
  if (!with_logprobs_) return nullptr;
  return is_chat_ ? chat_logprobs(chances) : completion_logprobs(chances);
}

std::string AnswerJson::whole(std::span<const AnswerPiece> answers,
                              std::span<const serving::Summary> summaries,
                              const serving::Summary& total) const {
  Json json = frame(is_chat_ ? "chat.completion" : "text_completion");
  json["choices"] = Json::array();
  for (size_t i = 0; i < answers.size(); ++i) {
    const AnswerPiece& answer = answers[i];
    Json choice = {{"index", i}};
    if (is_chat_) {
      choice["message"] = {{"role", "assistant"}, {"content", answer.said}, {"refusal", nullptr}};
      if (!answer.thought.empty()) choice["message"]["reasoning_content"] = answer.thought;
      if (!answer.calls.empty()) {
        choice["message"]["tool_calls"] = calls_of(i, answer.calls, 0, false);
        if (answer.said.find_first_not_of(" \t\r\n") == std::string::npos)
          choice["message"]["content"] = nullptr;
      }
    } else {
      choice["text"] = answer.said;
    }
    choice["logprobs"] = logprobs_of(answer.chances);
    choice["finish_reason"] = finish_reason(summaries[i], !answer.calls.empty());
    json["choices"].push_back(std::move(choice));
  }
  json["usage"] = usage_of(total);
  json["timings"] = timings_of(total);
  return text_of(json);
}

Json AnswerJson::chunk(size_t index, Json delta) const {
  Json json = frame(is_chat_ ? "chat.completion.chunk" : "text_completion");
  Json choice = {{"index", index}};
  if (is_chat_)
    choice["delta"] = std::move(delta);
  else
    choice["text"] = delta.value("content", "");
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = nullptr;
  json["choices"] = Json::array({std::move(choice)});
  return json;
}

std::string AnswerJson::first(size_t index) const {
  return text_of(chunk(index, {{"role", "assistant"}, {"content", ""}}));
}

std::string AnswerJson::piece(size_t index, const AnswerPiece& piece, size_t called) const {
  Json delta = Json::object();
  if (!piece.thought.empty()) delta["reasoning_content"] = piece.thought;
  if (!piece.said.empty()) delta["content"] = piece.said;
  if (!piece.calls.empty()) delta["tool_calls"] = calls_of(index, piece.calls, called, true);
  Json json = chunk(index, std::move(delta));
  json["choices"][0]["logprobs"] = logprobs_of(piece.chances);
  return text_of(json);
}

std::string AnswerJson::last(size_t index, const serving::Summary& summary, bool calls,
                             const std::optional<serving::Summary>& total) const {
  Json json = chunk(index, Json::object());
  json["choices"][0]["finish_reason"] = finish_reason(summary, calls);
  if (total) {
    json["usage"] = usage_of(*total);
    json["timings"] = timings_of(*total);
  }
  return text_of(json);
}

std::string AnswerJson::usage(const serving::Summary& total) const {
  Json json = frame(is_chat_ ? "chat.completion.chunk" : "text_completion");
  json["choices"] = Json::array();
  json["usage"] = usage_of(total);
  json["timings"] = timings_of(total);
  return text_of(json);
}

}  // namespace nety::serve
