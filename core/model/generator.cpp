// The loop of generation.
#include "core/model/generator.h"

#include <algorithm>
#include <chrono>

namespace nety::model {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// Lets text through except what may still become a stop string.
class StopFilter {
 public:
  explicit StopFilter(const std::vector<std::string>& stops) : stops_(stops) {}

  /// Text that is now certain; sets stopped() when a stop string is complete.
  std::string push(std::string_view text) {
    held_ += text;
    size_t first = std::string::npos;
    for (const std::string& stop : stops_)
      if (!stop.empty()) first = std::min(first, held_.find(stop));
    if (first != std::string::npos) {
      stopped_ = true;
      return take(first);
    }
    return take(held_.size() - possible_beginning());
  }
  std::string finish() { return stopped_ ? std::string() : take(held_.size()); }
  bool stopped() const { return stopped_; }

 private:
  std::string take(size_t count) {
    std::string out = held_.substr(0, count);
    held_.erase(0, count);
    return out;
  }
  // The longest end of what is held that begins a stop string.
  size_t possible_beginning() const {
    size_t longest = 0;
    for (const std::string& stop : stops_)
      for (size_t n = std::min(stop.size(), held_.size()); n > longest; --n)
        if (std::string_view(held_).ends_with(std::string_view(stop).substr(0, n))) longest = n;
    return longest;
  }

  const std::vector<std::string>& stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::kLength:
      return "length";
    case FinishReason::kEnd:
      return "end";
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kContext:
      return "context";
    case FinishReason::kInterrupted:
      return "interrupted";
  }
  return "";
}

Generation generate(Session& session, const tokenizer::Tokenizer& tokenizer,
                    std::span<const int32_t> prompt, const GenerateOptions& options,
                    const OnText& on_text) {
  const Clock::time_point start = Clock::now();
  Generation result;
  result.prompt_tokens = static_cast<int64_t>(prompt.size());
  std::span<const float> logits = session.feed(prompt);
  result.prefill_s = seconds_between(start, Clock::now());

  Sampler sampler(options.sampling);
  tokenizer::StreamDecoder decoder(tokenizer);
  StopFilter filter(options.stops);
  Clock::time_point first = start, last = start;
  const auto say = [&](const std::string& text) {
    result.text += text;
    return text.empty() || !on_text || on_text(text);
  };
  for (;;) {
    const std::span<const int32_t> seen = session.tokens();
    const size_t window = std::min(seen.size(), static_cast<size_t>(options.repeat_window));
    const int32_t token = sampler.pick(logits, seen.last(window));
    result.ids.push_back(token);
    const bool ended = std::ranges::find(options.end_ids, token) != options.end_ids.end();
    const bool going = ended || say(filter.push(decoder.push(token)));
    const Clock::time_point now = Clock::now();
    if (result.ids.size() == 1)
      first = now;
    else
      result.gaps_s.push_back(seconds_between(last, now));
    last = now;
    if (ended)
      result.finish = FinishReason::kEnd;
    else if (!going)
      result.finish = FinishReason::kInterrupted;
    else if (filter.stopped())
      result.finish = FinishReason::kStop;
    else if (static_cast<int64_t>(result.ids.size()) >= options.tokens)
      result.finish = FinishReason::kLength;
    else if (session.length() >= session.context())
      result.finish = FinishReason::kContext;
    else {
      const Clock::time_point before = Clock::now();
      logits = session.feed(std::span(&token, 1));
      result.engine_s += seconds_between(before, Clock::now());
      continue;
    }
    break;
  }
  if (result.finish != FinishReason::kInterrupted) {
    std::string tail = filter.stopped() ? std::string() : filter.push(decoder.finish());
    tail += filter.finish();
    say(tail);
  }
  result.ttft_s = seconds_between(start, first);
  result.decode_s = seconds_between(first, last);
  return result;
}

}  // namespace nety::model
