// The loop of generation.
#include "core/model/generator.h"

#include <algorithm>
#include <chrono>

#include "core/model/speculation.h"

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

// Feeds the session and hands out logits one token after another: those of the step just made
// while its guesses are right, else of a new step.
class Steps {
 public:
  Steps(Session& session, std::span<const int32_t> prompt, bool speculate)
      : session_(session),
        speculate_(speculate && session.logit_rows() > 1 &&
                   session.backend().same_bits_for_many()) {
    session.feed(prompt);
    const std::span<const int32_t> all = session.tokens();
    history_.assign(all.begin(), all.end());
    history_.reserve(static_cast<size_t>(session.context()) + 1);
  }

  /// Everything that was said, tokens not yet fed included.
  std::span<const int32_t> history() const { return history_; }
  /// Whether the last logits came from a step with guesses.
  bool guessing() const { return fed_.size() > 1; }
  bool full() const { return verified() >= session_.context(); }

  /// The logits after `token`, which follows the history; at most `most` more will be asked for.
  std::span<const float> after(int32_t token, int64_t most) {
    history_.push_back(token);
    if (at_ + 1 < fed_.size() && fed_[at_ + 1] == token) {
      ++at_;
      return row();
    }
    if (guessing()) speculation_.learn(static_cast<int64_t>(at_));
    const int64_t kept = static_cast<int64_t>(history_.size()) - 1;
    session_.rewind(kept);
    fed_.assign(1, token);
    at_ = 0;
    if (speculate_) {
      const int64_t room =
          std::min({most, session_.logit_rows() - 1, session_.context() - kept - 1});
      const std::span<const int32_t> guess = speculation_.guess(history_, room);
      fed_.insert(fed_.end(), guess.begin(), guess.end());
    }
    if (fed_.size() == 1) return session_.feed(fed_);
    logits_ = session_.feed_all(fed_);
    return row();
  }
  /// Ends the last step: what was guessed beyond what came is forgotten.
  void end() {
    if (guessing()) speculation_.learn(static_cast<int64_t>(at_));
    session_.rewind(verified());
    fed_.clear();
  }
  const Speculation& speculation() const { return speculation_; }

 private:
  int64_t verified() const { return static_cast<int64_t>(history_.size()); }
  std::span<const float> row() const {
    const size_t width = logits_.size() / fed_.size();
    return logits_.subspan(at_ * width, width);
  }

  Session& session_;
  bool speculate_;
  Speculation speculation_;
  std::vector<int32_t> history_;   // all of it is in the cache
  std::vector<int32_t> fed_;       // the last step: a token and guesses
  size_t at_ = 0;                  // which of them came last
  std::span<const float> logits_;  // [fed, V]
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
  Steps steps(session, prompt, options.speculate);
  std::span<const float> logits = session.logits();
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
    const std::span<const int32_t> seen = steps.history();
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
    else if (steps.full())
      result.finish = FinishReason::kContext;
    else {
      const Clock::time_point before = Clock::now();
      logits = steps.after(token, options.tokens - static_cast<int64_t>(result.ids.size()) - 1);
      const double taken = seconds_between(before, Clock::now());
      (steps.guessing() ? result.speculated_s : result.engine_s) += taken;
      if (steps.guessing()) ++result.speculated_tokens;
      continue;
    }
    break;
  }
  steps.end();
  result.guessed = steps.speculation().guessed();
  result.guessed_right = steps.speculation().right();
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
