#include "app/serve/answering.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "app/serve/api_error.h"

namespace nety::serve {
namespace {

/// How long a client may be gone before it is noticed.
constexpr double kLookSeconds = 0.25;
/// A stream in which nothing happens is kept alive by a comment.
constexpr double kQuietSeconds = 10;
constexpr int kClientGone = 499;  // nginx's: nobody reads it

std::string event(const std::string& json) { return "data: " + json + "\n\n"; }

/// What `whole` has beyond what was given of it.
std::string grown(std::string_view whole, size_t& given) {
  if (whole.size() <= given) return {};
  return std::string(whole.substr(std::exchange(given, whole.size())));
}

/// Why there is no answer, or no whole one; nothing if there is.
std::optional<ApiError> failure_of(const serving::Summary& summary) {
  switch (summary.end) {
    case serving::End::kFinished:
    case serving::End::kTime:
      return std::nullopt;
    case serving::End::kQueueTime:
      return ApiError(503, "queue_timeout", "the request waited too long in the queue");
    case serving::End::kStopped:
      return ApiError(503, "server_stopping", "the server stops");
    case serving::End::kStalled:
      return ApiError(408, "reader_too_slow", "the answer was not read in time");
    case serving::End::kCancelled:
      return ApiError(kClientGone, "cancelled", "the request was cancelled");
    case serving::End::kFailed:
      return ApiError(500, "engine_error", summary.error);
  }
  return std::nullopt;
}

}  // namespace

Answering::Answering(serving::Ticket ticket, AnswerJson json, bool is_chat, std::string_view opened)
    : ticket_(std::move(ticket)), json_(std::move(json)), is_chat_(is_chat), filter_(opened) {}

AnswerPiece Answering::take(double seconds) {
  serving::Delivery delivery = ticket_.take(seconds);
  std::string text;
  for (const engine::Token& token : delivery.tokens) text += token.text;
  summary_ = std::move(delivery.summary);
  if (!is_chat_) return {{}, std::move(text)};
  filter_.push(text);
  if (summary_) filter_.finish();
  // Thoughts without their tags, and without the line ends before them.
  const std::string& thinking = filter_.thinking();
  const size_t first = std::min(thinking.find_first_not_of("\r\n"), thinking.size());
  return {grown(std::string_view(thinking).substr(first), thought_),
          grown(filter_.content(), said_)};
}

HttpAnswer Answering::whole(HttpPeer& peer) {
  AnswerPiece all;
  while (!summary_) {
    const AnswerPiece piece = take(kLookSeconds);
    all.thought += piece.thought;
    all.said += piece.said;
    if (!summary_ && peer.gone()) return {.status = kClientGone, .body = "{}"};
  }
  if (const auto failure = failure_of(*summary_)) return error_answer(*failure);
  if (is_chat_) all = {filter_.thinking(), filter_.content()};
  return {.body = json_.whole(all, *summary_)};
}

void Answering::stream(HttpPeer& peer, bool with_usage) {
  if (is_chat_ && !peer.write(event(json_.first()))) return;
  double quiet_s = 0;
  while (!summary_) {
    const AnswerPiece piece = take(kLookSeconds);
    if (!piece.empty()) {
      quiet_s = 0;
      if (!peer.write(event(json_.piece(piece)))) return;
    } else if (!summary_) {
      quiet_s += kLookSeconds;
      if (quiet_s >= kQuietSeconds) {
        quiet_s = 0;
        if (!peer.write(": still here\n\n")) return;
      }
      if (peer.gone()) return;
    }
  }
  write_end(peer, with_usage);
}

void Answering::write_end(HttpPeer& peer, bool with_usage) {
  if (const auto failure = failure_of(*summary_)) {
    peer.write(event(error_body(*failure)));
    return;
  }
  peer.write(event(json_.last(*summary_, with_usage)));
  if (with_usage) peer.write(event(json_.usage(*summary_)));
  peer.write("data: [DONE]\n\n");
}

}  // namespace nety::serve
