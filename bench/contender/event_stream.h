// What a streaming completion sends: server-sent events, one JSON object each, and when each came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/measure/stopwatch.h"

namespace nety::bench {

/// Reads events as bytes arrive. Its clock runs from its construction.
class EventStream {
 public:
  /// Error: kInternal for bytes that are no such stream, and for an error the server sends in one.
  void take(std::string_view bytes);

  const std::string& text() const { return text_; }
  /// When each piece of text came that is not empty, in seconds.
  const std::vector<double>& times() const { return times_; }
  /// Tokens as the server counts them; -1: it does not say.
  int64_t prompt_tokens() const { return prompt_tokens_; }
  int64_t completion_tokens() const { return completion_tokens_; }
  int64_t cached_tokens() const { return cached_tokens_; }
  bool empty() const { return events_ == 0; }

 private:
  void take_line(std::string_view line);
  void take_event(std::string_view json);

  measure::Stopwatch watch_;
  std::string pending_, text_;
  std::vector<double> times_;
  int64_t prompt_tokens_ = -1, completion_tokens_ = -1, cached_tokens_ = -1, events_ = 0;
};

/// Throws kInternal with the message in a server's JSON of an error, or its beginning.
[[noreturn]] void refuse_answer(int status, std::string_view body);

}  // namespace nety::bench
