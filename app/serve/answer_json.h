// Answers in the form that clients of OpenAI's interface know, whole or in pieces.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/serve/served.h"
#include "app/serve/tools.h"
#include "core/engine/logprobs.h"
#include "core/serving/service.h"

namespace nety::serve {

/// How likely a token of an answer was.
struct TokenChance {
  int32_t id = 0;
  engine::LogProbabilities of{};
};

/// A piece of an answer.
struct AnswerPiece {
  std::string thought{};  ///< Only of chats.
  std::string said{};
  std::vector<TokenChance> chances{};  ///< Of the tokens, if they were asked for.
  std::vector<ToolCall> calls{};

  bool empty() const { return thought.empty() && said.empty() && chances.empty() && calls.empty(); }
  void add(AnswerPiece more);
};

/// The frame that all parts of one request's answers share.
class AnswerJson {
 public:
  AnswerJson(const Served& served, bool is_chat, bool with_logprobs, serving::RequestId id,
             int64_t created);

  /// One object with all answers, their usage and their timings.
  std::string whole(std::span<const AnswerPiece> answers,
                    std::span<const serving::Summary> summaries,
                    const serving::Summary& total) const;

  // Objects of a stream; `index`: of the answer.
  std::string first(size_t index) const;
  /// `called`: calls of this answer in pieces before.
  std::string piece(size_t index, const AnswerPiece& piece, size_t called) const;
  /// The reason of the end; with `total`, also usage and timings.
  std::string last(size_t index, const serving::Summary& summary, bool calls,
                   const std::optional<serving::Summary>& total) const;
  std::string usage(const serving::Summary& total) const;

 private:
  nlohmann::ordered_json frame(const char* object) const;
  nlohmann::ordered_json chunk(size_t index, nlohmann::ordered_json delta) const;
  nlohmann::ordered_json logprobs_of(std::span<const TokenChance> chances) const;
  nlohmann::ordered_json chat_logprobs(std::span<const TokenChance> chances) const;
  nlohmann::ordered_json completion_logprobs(std::span<const TokenChance> chances) const;
  nlohmann::ordered_json calls_of(size_t index, const std::vector<ToolCall>& calls, size_t first,
                                  bool numbered) const;
  nlohmann::ordered_json token_json(int32_t id, float logprob) const;

  const Served& served_;
  bool is_chat_, with_logprobs_;
  std::string id_;
  int64_t created_;
};

/// "stop", "length", or "tool_calls" where an answer that ended well has `calls`.
const char* finish_reason(const serving::Summary& summary, bool calls);

}  // namespace nety::serve
