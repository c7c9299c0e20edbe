// One answer on its way from the engine to a client: what was thought told from what is said, whole
// or as a stream of server-sent events.
#pragma once

#include <optional>
#include <string>

#include "app/serve/answer_json.h"
#include "app/serve/http.h"
#include "core/chat/thinking.h"
#include "core/serving/service.h"

namespace nety::serve {

class Answering {
 public:
  /// `opened`: see PromptTokens.
  Answering(serving::Ticket ticket, AnswerJson json, bool is_chat, std::string_view opened);

  /// The whole answer; 499 if the client has gone meanwhile.
  HttpAnswer whole(HttpPeer& peer);
  /// Writes the answer as it comes; returns when it is written, or the client has gone.
  void stream(HttpPeer& peer, bool with_usage);

 private:
  /// What has come since the last look, after at most `seconds`.
  AnswerPiece take(double seconds);
  void write_end(HttpPeer& peer, bool with_usage);

  serving::Ticket ticket_;
  AnswerJson json_;
  bool is_chat_;
  chat::ThinkFilter filter_;
  size_t thought_ = 0, said_ = 0;  // bytes of both that take() has given
  std::optional<serving::Summary> summary_;
};

}  // namespace nety::serve
