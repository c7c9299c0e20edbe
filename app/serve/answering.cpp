#include "app/serve/answering.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "app/serve/api_error.h"

namespace nety::serve {
namespace {

/// How long a client may be gone before it is noticed.
constexpr double kLookSeconds = 0.25;
/// How long one of several answers is waited for before the next is looked at.
constexpr double kTurnSeconds = 0.01;
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

Answering::Answering(serving::Ticket first, AnswerJson json, const AnswerShape& shape,
                     int64_t answers, SubmitAnswer submit)
    : json_(std::move(json)), shape_(shape), answers_(answers), submit_(std::move(submit)) {
  parts_.reserve(static_cast<size_t>(answers));
  parts_.emplace_back(std::move(first), shape);
}

AnswerPiece Answering::take(Part& part, double seconds) {
  serving::Delivery delivery = part.ticket.take(seconds);
  part.begun = part.begun || !delivery.tokens.empty();
  std::string text;
  std::vector<TokenChance> chances;
  for (engine::Token& token : delivery.tokens) {
    text += token.text;
    // The token that ends an answer is no part of it.
    if (shape_.with_logprobs && token.finish != engine::FinishReason::kEnd)
      chances.push_back({token.id, std::move(token.logprobs)});
  }
  part.summary = std::move(delivery.summary);
  if (!shape_.is_chat) return {{}, std::move(text), std::move(chances), {}};
  part.filter.push(text);
  if (part.summary) part.filter.finish();
  // Thoughts without their tags, and without the line ends before them.
  const std::string& thinking = part.filter.thinking();
  const size_t first = std::min(thinking.find_first_not_of("\r\n"), thinking.size());
  AnswerPiece piece{grown(std::string_view(thinking).substr(first), part.thought),
                    grown(part.filter.content(), part.said),
                    std::move(chances),
                    {}};
  if (part.calls) part_calls(part, piece);
  return piece;
}

void Answering::part_calls(Part& part, AnswerPiece& piece) const {
  std::string said = part.calls->push(piece.said);
  if (part.summary) said += part.calls->finish();
  const std::vector<std::string>& found = part.calls->calls();
  for (; part.calls_looked_at < found.size(); ++part.calls_looked_at) {
    const std::string& text = found[part.calls_looked_at];
    // What is no call after all was said.
    if (auto calls = parse_tool_calls(text))
      std::ranges::move(*calls, std::back_inserter(piece.calls));
    else
      said += std::string(shape_.tools->open) + text + std::string(shape_.tools->close);
  }
  piece.said = std::move(said);
}

void Answering::begin_others() {
  if (!parts_.front().begun && !parts_.front().summary) return;
  for (int64_t i = static_cast<int64_t>(parts_.size()); i < answers_; ++i)
    parts_.emplace_back(submit_(i), shape_);
}

double Answering::patience() const { return parts_.size() > 1 ? kTurnSeconds : kLookSeconds; }

bool Answering::done() const {
  return static_cast<int64_t>(parts_.size()) == answers_ &&
         std::ranges::all_of(parts_, [](const Part& part) { return part.summary.has_value(); });
}

serving::Summary Answering::total() const {
  serving::Summary all = *parts_.front().summary;
  for (size_t i = 1; i < parts_.size(); ++i) {
    const serving::Summary& one = *parts_[i].summary;
    all.answer_tokens += one.answer_tokens;
    // Their clocks begin when the prompt has been read.
    all.last_s = std::max(all.last_s, all.ttft_s + one.last_s);
    all.finish_s = std::max(all.finish_s, all.ttft_s + one.finish_s);
  }
  return all;
}

HttpAnswer Answering::whole(HttpPeer& peer) {
  std::vector<AnswerPiece> all(static_cast<size_t>(answers_));
  while (!done()) {
    for (size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      if (part.summary) continue;
      all[i].add(take(part, patience()));
      if (part.summary)
        if (const auto failure = failure_of(*part.summary)) return error_answer(*failure);
    }
    begin_others();
    if (!done() && peer.gone()) return {.status = kClientGone, .body = "{}"};
  }
  std::vector<serving::Summary> summaries;
  for (size_t i = 0; i < parts_.size(); ++i) {
    summaries.push_back(*parts_[i].summary);
    if (!shape_.is_chat) continue;
    all[i].thought = parts_[i].filter.thinking();
  }
  return {.body = json_.whole(all, summaries, total())};
}

void Answering::stream(HttpPeer& peer) {
  double quiet_s = 0;
  while (!done()) {
    bool quiet = true;
    const double seconds = patience();
    for (size_t i = 0; i < parts_.size(); ++i)
      if (!parts_[i].summary && !write_part(peer, i, quiet)) return;
    begin_others();
    quiet_s = quiet ? quiet_s + seconds : 0;
    if (quiet_s >= kQuietSeconds) {
      quiet_s = 0;
      if (!peer.write(": still here\n\n")) return;
    }
    if (peer.gone()) return;
  }
  if (shape_.with_usage && !peer.write(event(json_.usage(total())))) return;
  peer.write("data: [DONE]\n\n");
}

bool Answering::write_part(HttpPeer& peer, size_t index, bool& quiet) {
  if (index == announced_) {
    ++announced_;
    if (shape_.is_chat && !peer.write(event(json_.first(index)))) return false;
  }
  Part& part = parts_[index];
  const AnswerPiece piece = take(part, patience());
  if (!piece.empty()) {
    quiet = false;
    if (!peer.write(event(json_.piece(index, piece, part.called)))) return false;
    part.called += piece.calls.size();
  }
  if (!part.summary) return true;
  if (const auto failure = failure_of(*part.summary)) {
    peer.write(event(error_body(*failure)));
    return false;
  }
  // Usage and timings are the last thing that is said, of all answers together.
  const bool last = done() && !shape_.with_usage;
  return peer.write(event(json_.last(index, *part.summary, part.called > 0,
                                     last ? std::optional(total()) : std::nullopt)));
}

}  // namespace nety::serve
