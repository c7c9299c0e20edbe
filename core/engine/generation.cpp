// Every step's logits are sampled at once, before another sequence's step takes their place: all
// tokens of right guesses are picked then, and given one by one.
#include "core/engine/generation.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.h"

namespace nety::engine {
namespace {

void require_tokens(const std::vector<LogitBias>& bias, int64_t vocab) {
  for (const LogitBias& one : bias)
    if (one.token < 0 || one.token >= vocab)
      throw Error(ErrorKind::kUsage,
                  fmt::format("a bias of token {}, which is outside the vocabulary of {}",
                              one.token, vocab),
                  "Token ids come from nety tokenize with the same model.");
}

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

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

Generation::Generation(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                       const GenerateOptions& options)
    : sequence_(&sequence),
      options_(options),
      sampler_(options.sampling),
      decoder_(tokenizer),
      filter_(options.stops),
      start_(Clock::now()),
      first_(start_),
      last_(start_) {
  const Engine& engine = sequence.engine();
  require_tokens(options.sampling.bias, engine.model().config.vocab);
  options_.speculate =
      options.speculate && engine.options().logit_rows > 1 && engine.backend().same_bits_for_many();
  if (options.constraint != nullptr)
    allowed_.resize((static_cast<size_t>(engine.model().config.vocab) + 63) / 64);
  history_.reserve(static_cast<size_t>(engine.options().context) + 1);
  history_.assign(sequence.tokens().begin(), sequence.tokens().end());
}

Generation::Generation(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                       std::span<const int32_t> prompt, const GenerateOptions& options)
    : Generation(sequence, tokenizer, options) {
  sequence.require_room(prompt);
  answer_.prompt_tokens = static_cast<int64_t>(prompt.size());
  history_.insert(history_.end(), prompt.begin(), prompt.end());
}

Generation Generation::after(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                             int64_t prompt_tokens, const GenerateOptions& options) {
  Generation made(sequence, tokenizer, options);
  made.answer_.prompt_tokens = prompt_tokens;
  return made;
}

Piece Generation::piece(int64_t tokens, int64_t rows) {
  const std::span<const int32_t> unread =
      std::span(history_).subspan(static_cast<size_t>(sequence_->length()));
  if (reads_prompt()) {
    const bool all = static_cast<int64_t>(unread.size()) <= tokens;
    return {sequence_, all ? unread : unread.first(static_cast<size_t>(tokens)),
            all ? Wanted::kLast : Wanted::kNone};
  }
  fed_.assign(unread.begin(), unread.end());  // the token that was picked last
  if (options_.speculate) {
    const int64_t room =
        std::min({options_.tokens - sampled_ - 1, tokens - 1, rows - 1,
                  sequence_->engine().options().context - sequence_->length() - 1});
    const std::span<const int32_t> guess = speculation_.guess(history_, room);
    fed_.insert(fed_.end(), guess.begin(), guess.end());
  }
  return {sequence_, fed_, fed_.size() > 1 ? Wanted::kAll : Wanted::kLast};
}

Past Generation::past() const {
  return {history_, std::span(history_).last(static_cast<size_t>(sampled_))};
}

int32_t Generation::pick(std::span<const float> logits) {
  if (options_.constraint == nullptr) return sampler_.pick(logits, past());
  options_.constraint->mask(allowed_);
  const int32_t token = sampler_.pick(logits, past(), allowed_);
  options_.constraint->accept(token);
  return token;
}

void Generation::take(const Piece& read, double step_s) {
  if (reads_prompt()) {
    answer_.prefill_s += step_s;
    if (read.wanted == Wanted::kNone) return;
    fed_.clear();
  }
  const bool guessing = fed_.size() > 1;
  if (!reads_prompt()) (guessing ? answer_.speculated_s : answer_.engine_s) += step_s;

  ready_.clear();
  given_ = 0;
  const size_t rows = std::max<size_t>(1, fed_.size());
  const size_t width = read.logits.size() / rows;
  size_t row = 0;
  for (;; ++row) {
    const std::span<const float> logits = read.logits.subspan(row * width, width);
    const int32_t token = pick(logits);
    accept(token, guessing);
    if (options_.logprobs >= 0)
      ready_.back().logprobs =
          log_probabilities(logits, token, std::min(options_.logprobs, kMostLogprobs));
    if (ready_.back().finish || row + 1 >= fed_.size() || fed_[row + 1] != token) break;
  }
  if (!guessing) return;
  speculation_.learn(static_cast<int64_t>(row));
  sequence_->truncate(static_cast<int64_t>(history_.size()) - 1);  // wrong guesses go
}

// Notes a token that was picked, with the text that it makes certain and whether it is the last.
void Generation::accept(int32_t token, bool speculated) {
  history_.push_back(token);
  ++sampled_;
  Token& made = ready_.emplace_back();
  made.id = token;
  made.speculated = speculated;
  const bool ended = std::ranges::find(options_.end_ids, token) != options_.end_ids.end();
  if (!ended) made.text = filter_.push(decoder_.push(token));
  if (ended)
    made.finish = FinishReason::kEnd;
  else if (filter_.stopped())
    made.finish = FinishReason::kStop;
  else if (sampled_ >= options_.tokens)
    made.finish = FinishReason::kLength;
  else if (static_cast<int64_t>(history_.size()) > sequence_->engine().options().context)
    made.finish = FinishReason::kContext;
  if (!made.finish) return;
  if (!filter_.stopped()) made.text += filter_.push(decoder_.finish());
  made.text += filter_.finish();
}

const Token* Generation::next() {
  const EngineOptions& most = sequence_->engine().options();
  while (needs_step()) {
    const Clock::time_point before = Clock::now();
    Piece wanted = piece(most.step_tokens, most.logit_rows);
    sequence_->engine().step({&wanted, 1});
    take(wanted, seconds_between(before, Clock::now()));
  }
  if (done_) return nullptr;
  const Token& token = ready_[given_++];
  deliver(token);
  return &token;
}

void Generation::deliver(const Token& token) {
  const Clock::time_point now = Clock::now();
  if (answer_.ids.empty())
    first_ = now;
  else
    answer_.gaps_s.push_back(seconds_between(last_, now));
  last_ = now;
  answer_.ids.push_back(token.id);
  answer_.text += token.text;
  if (options_.logprobs >= 0) answer_.logprobs.push_back(token.logprobs);
  if (token.speculated) ++answer_.speculated_tokens;
  if (token.finish) finish(*token.finish);
}

void Generation::finish(FinishReason reason) {
  done_ = true;
  answer_.finish = reason;
  answer_.guessed = speculation_.guessed();
  answer_.guessed_right = speculation_.right();
  answer_.ttft_s = seconds_between(start_, first_);
  answer_.decode_s = seconds_between(first_, last_);
}

void Generation::interrupt() {
  if (done_ && answer_.finish == FinishReason::kEnd) return;
  // Tokens that were picked and not given are forgotten, as if they had never been fed.
  const size_t kept = history_.size() - (ready_.size() - given_);
  history_.resize(kept);
  ready_.resize(given_);
  if (!answer_.ids.empty()) sequence_->truncate(static_cast<int64_t>(kept) - 1);
  finish(FinishReason::kInterrupted);
}

Answer generate(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                std::span<const int32_t> prompt, const GenerateOptions& options,
                const OnText& on_text) {
  Generation generation(sequence, tokenizer, prompt, options);
  while (const Token* token = generation.next())
    if (!token->text.empty() && on_text && !on_text(token->text)) generation.interrupt();
  return generation.answer();
}

}  // namespace nety::engine
