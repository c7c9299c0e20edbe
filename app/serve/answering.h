// The answers to one request on their way from the engine to a client: what was thought told from
// what is said, whole or as a stream of server-sent events.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/serve/answer_json.h"
#include "app/serve/http.h"
#include "core/chat/thinking.h"
#include "core/chat/tool_calls.h"
#include "core/serving/service.h"

namespace nety::serve {

/// What answers to one request have in common.
struct AnswerShape {
  bool is_chat = false;
  bool with_logprobs = false;
  bool with_usage = false;                  ///< A stream's last chunk is about it.
  std::string_view opened = {};             ///< See PromptTokens.
  const chat::ToolFormat* tools = nullptr;  ///< Where tools may be called: how.
};

/// Asks for answer number `index`. Error: ApiError where it is not taken.
using SubmitAnswer = std::function<serving::Ticket(int64_t index)>;

class Answering {
 public:
  /// The first answer has been asked for. The others are once it has begun: then the prompt has
  /// been read, and they go on from there.
  Answering(serving::Ticket first, AnswerJson json, const AnswerShape& shape, int64_t answers,
            SubmitAnswer submit);

  /// All answers, whole; 499 if the client has gone meanwhile.
  HttpAnswer whole(HttpPeer& peer);
  /// Writes the answers as they come; returns when they are written, or the client has gone.
  void stream(HttpPeer& peer);

 private:
  struct Part {
    Part(serving::Ticket asked, const AnswerShape& shape)
        : ticket(std::move(asked)), filter(shape.opened) {
      if (shape.tools != nullptr) calls.emplace(*shape.tools);
    }
    serving::Ticket ticket;
    chat::ThinkFilter filter;
    std::optional<chat::ToolCallFilter> calls{};
    size_t calls_looked_at = 0, called = 0;
    bool begun = false;            // something of it has come
    size_t thought = 0, said = 0;  // bytes of both that take() has given
    std::optional<serving::Summary> summary{};
  };

  /// What has come of a part since the last look, after at most `seconds`.
  AnswerPiece take(Part& part, double seconds);
  /// Tells calls of tools from what is said.
  void part_calls(Part& part, AnswerPiece& piece) const;
  /// Asks for the other answers once the first has begun.
  void begin_others();
  bool done() const;
  /// How long one part is waited for.
  double patience() const;
  /// Of all parts, as if they were one answer.
  serving::Summary total() const;
  /// Writes what is new of a part. False: no more is to be written.
  bool write_part(HttpPeer& peer, size_t index, bool& quiet);

  AnswerJson json_;
  AnswerShape shape_;
  int64_t answers_;
  SubmitAnswer submit_;
  std::vector<Part> parts_;
  size_t announced_ = 0;  // parts whose first event was written
};

}  // namespace nety::serve
