// Answers in the form that clients of OpenAI's interface know, whole or in pieces.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "app/serve/served.h"
#include "core/serving/service.h"

namespace nety::serve {

/// A piece of an answer.
struct AnswerPiece {
  std::string thought;  ///< Only of chats.
  std::string said;

  bool empty() const { return thought.empty() && said.empty(); }
};

/// The frame that all parts of one answer share.
class AnswerJson {
 public:
  AnswerJson(const ModelCard& card, bool is_chat, serving::RequestId id, int64_t created);

  /// One object with the whole answer, its usage and its timings.
  std::string whole(const AnswerPiece& answer, const serving::Summary& summary) const;

  // Objects of a stream:
  std::string first() const;
  std::string piece(const AnswerPiece& piece) const;
  /// The reason of the end; also usage and timings, unless usage() follows.
  std::string last(const serving::Summary& summary, bool usage_follows) const;
  std::string usage(const serving::Summary& summary) const;

 private:
  nlohmann::ordered_json frame(const char* object) const;
  std::string chunk(nlohmann::ordered_json delta, const char* finish) const;

  const ModelCard& card_;
  bool is_chat_;
  std::string id_;
  int64_t created_;
};

/// "stop" or "length".
const char* finish_reason(const serving::Summary& summary);

}  // namespace nety::serve
