#include "core/serving/engine_runner.h"

#include <chrono>

#include "core/base/error.h"

namespace nety::serving {

EngineRunner::EngineRunner(engine::Engine& engine, const tokenizer::Tokenizer& tokenizer)
    : engine_(engine), tokenizer_(tokenizer) {
  const auto count = static_cast<size_t>(engine.options().sequences);
  sequences_.reserve(count);  // generations point to them
  for (size_t i = 0; i < count; ++i) sequences_.push_back(engine.open_sequence());
  constraints_.resize(count);
  answers_.resize(count);
}

std::span<const int32_t> EngineRunner::tokens(size_t sequence) const {
  return sequences_[sequence].tokens();
}

void EngineRunner::start(const Start& start) {
  const Place& place = start.place;
  engine::Sequence& sequence = sequences_[place.sequence];
  if (place.copied_from)
    sequence.copy_prefix(sequences_[*place.copied_from], place.kept);
  else
    sequence.truncate(place.kept);
  const Request& request = *start.request;
  engine::GenerateOptions options = request.options;
  auto& constraint = constraints_[place.sequence];
  constraint = request.constraint ? request.constraint() : nullptr;
  options.constraint = constraint.get();
  answers_[place.sequence].emplace(
      sequence, tokenizer_, std::span(request.prompt).subspan(static_cast<size_t>(place.kept)),
      options);
}

std::vector<Made> EngineRunner::step(std::span<const Work> work) {
  std::vector<engine::Piece> pieces;
  for (const Work& one : work)
    pieces.push_back(answers_[one.sequence]->piece(one.tokens, one.tokens));
  const auto before = std::chrono::steady_clock::now();
  engine_.step(pieces);
  const double step_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  std::vector<Made> made;
  for (size_t i = 0; i < work.size(); ++i) made.push_back(take(work[i], pieces[i], step_s));
  return made;
}

// What goes wrong with one answer (no logit is finite, say) is not the others' trouble.
Made EngineRunner::take(const Work& work, const engine::Piece& piece, double step_s) {
  engine::Generation& answer = *answers_[work.sequence];
  Made made{work.id, static_cast<int64_t>(piece.tokens.size()), {}, {}};
  try {
    answer.take(piece, step_s);
    while (!answer.done() && !answer.needs_step()) made.tokens.push_back(*answer.next());
  } catch (const Error& error) {
    made.error = error.what();
  }
  if (made.ends()) answers_[work.sequence].reset();
  return made;
}

void EngineRunner::end(size_t sequence) { answers_[sequence].reset(); }

}  // namespace nety::serving
