// The first answer reads the prompt. Once it has, the others begin on forks of its sequence with
// the same logits.
#include "core/engine/answers.h"

#include <algorithm>

namespace nety::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Together {
 public:
  Together(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
           std::span<const int32_t> prompt, std::span<const GenerateOptions> options,
           const OnAnswer& on_text)
      : engine_(sequence.engine()), on_text_(on_text) {
    forks_.reserve(options.size());
    generations_.reserve(options.size());
    generations_.emplace_back(sequence, tokenizer, prompt, options.front());
    read_prompt(sequence, tokenizer, options);
  }

  std::vector<Answer> finish() {
    give_all();
    if (engine_.backend().same_bits_for_many())
      while (step(generations_)) give_all();
    else
      for (Generation& one : generations_)
        while (step({&one, 1})) give_all();
    std::vector<Answer> answers;
    for (const Generation& one : generations_) answers.push_back(one.answer());
    return answers;
  }

 private:
  void read_prompt(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                   std::span<const GenerateOptions> options) {
    Generation& first = generations_.front();
    const auto tokens = static_cast<int64_t>(first.answer().prompt_tokens);
    const EngineOptions& most = engine_.options();
    while (first.reads_prompt()) {
      const Clock::time_point before = Clock::now();
      Piece piece = first.piece(most.step_tokens, most.logit_rows);
      engine_.step({&piece, 1});
      const double step_s = seconds_since(before);
      if (piece.wanted != Wanted::kNone)
        for (size_t i = 1; i < options.size(); ++i) {
          forks_.push_back(sequence.fork());
          generations_.push_back(Generation::after(forks_.back(), tokenizer, tokens, options[i]));
          generations_.back().take(piece, step_s);
        }
      first.take(piece, step_s);
    }
  }

  /// One step of those that need one, as many as there are rows for; false if none does.
  bool step(std::span<Generation> generations) {
    takers_.clear();
    for (Generation& one : generations)
      if (one.needs_step()) takers_.push_back(&one);
    const EngineOptions& most = engine_.options();
    const int64_t limit = std::min(most.logit_rows, most.step_tokens);
    takers_.resize(std::min(takers_.size(), static_cast<size_t>(limit)));
    if (takers_.empty()) return false;
    const auto count = static_cast<int64_t>(takers_.size());
    const Clock::time_point before = Clock::now();
    pieces_.clear();
    for (Generation* one : takers_)
      pieces_.push_back(one->piece(most.step_tokens / count, most.logit_rows / count));
    engine_.step(pieces_);
    const double step_s = seconds_since(before);
    for (size_t i = 0; i < takers_.size(); ++i) takers_[i]->take(pieces_[i], step_s);
    return true;
  }

  /// Hands out what the last step made.
  void give_all() {
    for (size_t i = 0; i < generations_.size(); ++i)
      while (!generations_[i].done() && !generations_[i].needs_step()) {
        const Token* token = generations_[i].next();
        if (token->text.empty() || !on_text_ || on_text_(i, token->text)) continue;
        for (Generation& one : generations_)
          if (!one.done()) one.interrupt();
        return;
      }
  }

  Engine& engine_;
  const OnAnswer& on_text_;
  std::vector<Sequence> forks_;
  std::vector<Generation> generations_;
  std::vector<Generation*> takers_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::vector<GenerateOptions> with_seeds(const GenerateOptions& options, size_t count) {
  std::vector<GenerateOptions> all(count, options);
  for (size_t i = 0; i < count; ++i) all[i].sampling.seed += i;
  return all;
}

std::vector<Answer> generate(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                             std::span<const int32_t> prompt,
                             std::span<const GenerateOptions> options, const OnAnswer& on_text) {
  if (options.empty()) return {};
  return Together(sequence, tokenizer, prompt, options, on_text).finish();
}

}  // namespace nety::engine
