// Text from a model: reads a prompt, picks tokens one by one, knows when to stop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/constraint.h"
#include "core/engine/engine.h"
#include "core/engine/logprobs.h"
#include "core/engine/sampler.h"
#include "core/engine/speculation.h"
#include "core/engine/stop_filter.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::engine {

struct GenerateOptions {
  int64_t tokens = 128;            ///< At most this many, the end token included.
  std::vector<int32_t> end_ids;    ///< Any of these ends the answer.
  std::vector<std::string> stops;  ///< Any of these texts ends it; not part of the text.
  SamplingOptions sampling;
  /// What the answer must look like; null: anything. It outlives the generation, which alone uses
  /// it.
  Constraint* constraint = nullptr;
  /// Log-probabilities of every token and of so many of the likeliest, at most kMostLogprobs;
  /// negative: none.
  int32_t logprobs = -1;
  /// Guess tokens from what was said before and check several in one step (speculation.h). The
  /// tokens are the same either way. Needs an engine with several logit rows, and a backend whose
  /// results do not depend on what else is in a step; without, nothing is guessed.
  bool speculate = false;
};

enum class FinishReason : uint8_t { kLength, kEnd, kStop, kContext, kInterrupted };
std::string_view name_of(FinishReason reason);

/// What a generation has given so far. Times by the steady clock.
struct Answer {
  std::vector<int32_t> ids;  ///< The end token included if one was produced.
  std::string text;
  std::vector<LogProbabilities> logprobs;  ///< One for each id, if they were asked for.
  FinishReason finish = FinishReason::kLength;
  int64_t prompt_tokens = 0;
  double prefill_s = 0;           ///< Reading the prompt, up to its logits.
  double ttft_s = 0;              ///< From the beginning to the first token's text.
  double decode_s = 0;            ///< From the first token to the last.
  double engine_s = 0;            ///< Of decode_s, inside the model, one token per step.
  double speculated_s = 0;        ///< The same of steps with guesses,
  int64_t speculated_tokens = 0;  ///< and the tokens that came of them.
  std::vector<double> gaps_s;     ///< Between successive tokens.
  int64_t guessed = 0;            ///< Tokens speculation proposed,
  int64_t guessed_right = 0;      ///< and those of them that came.
};

/// One token of an answer.
struct Token {
  int32_t id = 0;
  std::string text;                      ///< What became certain with it; may be empty.
  bool speculated = false;               ///< It came of a step with guesses.
  LogProbabilities logprobs{};           ///< If they were asked for.
  std::optional<FinishReason> finish{};  ///< Set in the last one.
};

/// An answer in the making, on a sequence that nobody else feeds until it is done. Between two
/// calls of next() other sequences of the engine may be fed: the tokens stay the same.
class Generation {
 public:
  /// The sequence and the tokenizer outlive it. Error: kUsage if the prompt is empty or too long,
  /// and for a bias of a token that the model does not have.
  Generation(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
             std::span<const int32_t> prompt, const GenerateOptions& options);
  /// An answer to what `sequence` has read already, the last `prompt_tokens` of it now. It begins
  /// with take() of the piece that read the last of them, from whatever sequence that was.
  static Generation after(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                          int64_t prompt_tokens, const GenerateOptions& options);

  /// The next token, after as many steps as that takes; null once the answer is complete. Valid
  /// until the next call.
  const Token* next();
  /// Ends the answer with the tokens that next() has given.
  void interrupt();
  bool done() const { return done_; }
  const Answer& answer() const { return answer_; }

  /// The halves of next(), for steps that several generations share: what it would read in a step,
  /// at most `tokens` tokens and `rows` rows of logits; and taking in what the step gave.
  bool needs_step() const { return !done_ && given_ == ready_.size(); }
  bool reads_prompt() const { return sampled_ == 0; }
  Piece piece(int64_t tokens, int64_t rows);
  void take(const Piece& read, double step_s);

 private:
  using Clock = std::chrono::steady_clock;

  Generation(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
             const GenerateOptions& options);
  Past past() const;
  int32_t pick(std::span<const float> logits);
  void accept(int32_t token, bool speculated);
  void deliver(const Token& token);
  void finish(FinishReason reason);

  Sequence* sequence_;
  GenerateOptions options_;
  Sampler sampler_;
  Speculation speculation_;
  tokenizer::StreamDecoder decoder_;
  StopFilter filter_;
  std::vector<int32_t> history_;   // all that was said; the sequence has fed the first of them
  std::vector<int32_t> fed_;       // the tokens of the last step: one, and guesses
  std::vector<uint64_t> allowed_;  // the constraint's mask; empty without one
  std::vector<Token> ready_;       // picked in the last step
  size_t given_ = 0;               // how many of them next() has given
  int64_t sampled_ = 0;
  bool done_ = false;
  Clock::time_point start_, first_, last_;
  Answer answer_;
};

/// Receives text as it comes; returns false to stop.
using OnText = std::function<bool(std::string_view)>;

/// Feeds `prompt` to the sequence and generates a whole answer.
Answer generate(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                std::span<const int32_t> prompt, const GenerateOptions& options,
                const OnText& on_text);

}  // namespace nety::engine
