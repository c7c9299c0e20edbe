// Steps of an engine. Buffers are made once: a step allocates nothing.
#include "core/engine/engine.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "core/base/error.h"

namespace nety::engine {
namespace {

EngineOptions in_range(EngineOptions options) {
  options.context = std::max<int64_t>(1, options.context);
  options.sequences = std::max<int64_t>(1, options.sequences);
  const int64_t positions = options.context * options.sequences;
  options.step_tokens = std::clamp<int64_t>(options.step_tokens, 1, positions);
  options.logit_rows = std::clamp<int64_t>(options.logit_rows, 1, positions);
  options.step_tokens = std::max(options.step_tokens, options.logit_rows);
  return options;
}

size_t rows_of(const Piece& piece) {
  switch (piece.wanted) {
    case Wanted::kNone:
      return 0;
    case Wanted::kLast:
      return 1;
    case Wanted::kAll:
      return piece.tokens.size();
  }
  return 0;
}

}  // namespace

Engine::Engine(const model::Model& model, model::Backend& backend, const EngineOptions& options)
    : model_(model),
      backend_(backend),
      options_(in_range(options)),
      workspace_(backend.make_workspace(model.config, model::whole_shape(model.config),
                                        {.context = options_.context,
                                         .tokens = options_.step_tokens,
                                         .logit_rows = options_.logit_rows})),
      cache_(backend.make_cache({.layers = model.config.layers,
                                 .kv_heads = model.config.kv_heads,
                                 .head_dim = model.config.head_dim,
                                 .context = options_.context,
                                 .sequences = options_.sequences,
                                 .type = options_.kv})),
      slots_(static_cast<size_t>(options_.sequences)),
      logits_(static_cast<size_t>(options_.logit_rows * model.config.vocab)) {
  for (std::vector<int32_t>* list : {&tokens_, &positions_, &sequences_})
    list->reserve(static_cast<size_t>(options_.step_tokens));
  rows_.reserve(static_cast<size_t>(options_.logit_rows));
}

Sequence Engine::open_sequence() {
  const auto free = std::ranges::find(slots_, false, &Slot::taken);
  if (free == slots_.end())
    throw Error(
        ErrorKind::kUsage,
        fmt::format("the engine has room for {} sequences, and all are in use", options_.sequences),
        "End one of them first, or make the engine for more.");
  free->taken = true;
  const auto slot = static_cast<int32_t>(free - slots_.begin());
  return {*this, slot};
}

void Engine::release(int32_t slot) {
  truncate(slot, 0);
  slots_[static_cast<size_t>(slot)].taken = false;
}

void Engine::truncate(int32_t slot, int64_t length) {
  cache_->truncate(slot, static_cast<int32_t>(length));
}

void Engine::copy(const Sequence& from, const Sequence& to, int64_t length) {
  if (from.engine_ != this || to.engine_ != this)
    throw Error(ErrorKind::kInternal, "a copy between sequences of two engines");
  backend_.copy_sequence(*cache_, from.slot_, to.slot_, static_cast<int32_t>(length));
}

void Engine::require_room(const Sequence& sequence, std::span<const int32_t> tokens) const {
  if (tokens.empty())
    throw Error(ErrorKind::kUsage, "there is nothing to read: the prompt is empty", "");
  if (sequence.length() + static_cast<int64_t>(tokens.size()) > options_.context)
    throw Error(
        ErrorKind::kUsage,
        fmt::format("{} tokens do not fit the context of {}, {} of which are in use", tokens.size(),
                    options_.context, sequence.length()),
        fmt::format("Shorten the prompt, or ask for a larger context with --ctx (this model: "
                    "up to {}).",
                    model_.config.context));
  for (const int32_t token : tokens)
    if (token < 0 || token >= model_.config.vocab)
      throw Error(
          ErrorKind::kUsage,
          fmt::format("token {} is outside the vocabulary of {}", token, model_.config.vocab),
          "Token ids come from nety tokenize with the same model.");
}

void Engine::check(std::span<const Piece> pieces) {
  ++steps_;
  size_t tokens = 0, rows = 0;
  for (const Piece& piece : pieces) {
    const Sequence& sequence = *piece.sequence;
    if (sequence.engine_ != this)
      throw Error(ErrorKind::kInternal, "a piece of a sequence of another engine");
    Slot& slot = slots_[static_cast<size_t>(sequence.slot_)];
    if (slot.step == steps_)
      throw Error(ErrorKind::kInternal, "two pieces of one sequence in a step");
    slot.step = steps_;
    require_room(sequence, piece.tokens);
    tokens += piece.tokens.size();
    rows += rows_of(piece);
  }
  if (tokens > static_cast<size_t>(options_.step_tokens) ||
      rows > static_cast<size_t>(options_.logit_rows))
    throw Error(ErrorKind::kInternal,
                fmt::format("a step of {} tokens and {} rows of logits, where {} and {} are the "
                            "most",
                            tokens, rows, options_.step_tokens, options_.logit_rows));
}

// Its tokens and the rows that are wanted of them, at the end of the batch.
void Engine::add(const Piece& piece) {
  const size_t first = tokens_.size(), last = first + piece.tokens.size();
  tokens_.insert(tokens_.end(), piece.tokens.begin(), piece.tokens.end());
  positions_.resize(last);
  std::iota(positions_.begin() + static_cast<ptrdiff_t>(first), positions_.end(),
            static_cast<int32_t>(piece.sequence->length()));
  sequences_.resize(last, piece.sequence->slot_);
  for (size_t row = last - rows_of(piece); row < last; ++row)
    rows_.push_back(static_cast<int32_t>(row));
}

void Engine::step(std::span<Piece> pieces) {
  check(pieces);
  for (std::vector<int32_t>* list : {&tokens_, &positions_, &sequences_, &rows_}) list->clear();
  for (const Piece& piece : pieces) add(piece);
  const auto width = static_cast<size_t>(model_.config.vocab);
  model::forward(model_, backend_, *workspace_, *cache_, {tokens_, positions_, sequences_, rows_},
                 std::span(logits_).first(rows_.size() * width));
  size_t row = 0;
  for (Piece& piece : pieces) {
    std::vector<int32_t>& read = piece.sequence->tokens_;
    read.insert(read.end(), piece.tokens.begin(), piece.tokens.end());
    piece.logits = std::span(logits_).subspan(row * width, rows_of(piece) * width);
    row += rows_of(piece);
  }
}

}  // namespace nety::engine
