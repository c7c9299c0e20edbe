#include "app/serve/answer_json.h"

#include <fmt/core.h>

#include "app/serve/json_text.h"

namespace nety::serve {
namespace {

using Json = nlohmann::ordered_json;

Json rate(int64_t tokens, double seconds) {
  return tokens > 0 && seconds > 0 ? Json(static_cast<double>(tokens) / seconds) : Json();
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

const char* finish_reason(const serving::Summary& summary) {
  const bool ended =
      summary.end == serving::End::kFinished && (summary.finish == engine::FinishReason::kEnd ||
                                                 summary.finish == engine::FinishReason::kStop);
  return ended ? "stop" : "length";
}

AnswerJson::AnswerJson(const ModelCard& card, bool is_chat, serving::RequestId id, int64_t created)
    : card_(card),
      is_chat_(is_chat),
      id_(fmt::format("{}-{:x}-{}", is_chat ? "chatcmpl" : "cmpl", card.created, id)),
      created_(created) {}

Json AnswerJson::frame(const char* object) const {
  return {{"id", id_},
          {"object", object},
          {"created", created_},
          {"model", card_.id},
          {"system_fingerprint", fmt::format("nety-{}-{}", card_.mode, card_.backend)}};
}

std::string AnswerJson::whole(const AnswerPiece& answer, const serving::Summary& summary) const {
  Json json = frame(is_chat_ ? "chat.completion" : "text_completion");
  Json choice = {{"index", 0}};
  if (is_chat_) {
    choice["message"] = {{"role", "assistant"}, {"content", answer.said}, {"refusal", nullptr}};
    if (!answer.thought.empty()) choice["message"]["reasoning_content"] = answer.thought;
  } else {
    choice["text"] = answer.said;
  }
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = finish_reason(summary);
  json["choices"] = Json::array({std::move(choice)});
  json["usage"] = usage_of(summary);
  json["timings"] = timings_of(summary);
  return text_of(json);
}

std::string AnswerJson::chunk(Json delta, const char* finish) const {
  Json json = frame(is_chat_ ? "chat.completion.chunk" : "text_completion");
  Json choice = {{"index", 0}};
  if (is_chat_)
    choice["delta"] = std::move(delta);
  else
    choice["text"] = delta.value("content", "");
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = finish == nullptr ? Json() : Json(finish);
  json["choices"] = Json::array({std::move(choice)});
  return text_of(json);
}

std::string AnswerJson::first() const {
  return chunk({{"role", "assistant"}, {"content", ""}}, nullptr);
}

std::string AnswerJson::piece(const AnswerPiece& piece) const {
  Json delta = Json::object();
  if (!piece.thought.empty()) delta["reasoning_content"] = piece.thought;
  if (!piece.said.empty()) delta["content"] = piece.said;
  return chunk(std::move(delta), nullptr);
}

std::string AnswerJson::last(const serving::Summary& summary, bool usage_follows) const {
  Json json = Json::parse(chunk(Json::object(), finish_reason(summary)));
  if (!usage_follows) {
    json["usage"] = usage_of(summary);
    json["timings"] = timings_of(summary);
  }
  return text_of(json);
}

std::string AnswerJson::usage(const serving::Summary& summary) const {
  Json json = frame(is_chat_ ? "chat.completion.chunk" : "text_completion");
  json["choices"] = Json::array();
  json["usage"] = usage_of(summary);
  json["timings"] = timings_of(summary);
  return text_of(json);
}

}  // namespace nety::serve
