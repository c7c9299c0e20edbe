// A sequence's steps are the engine's, with one piece.
#include "core/engine/sequence.h"

#include <algorithm>
#include <utility>

#include "core/engine/engine.h"

namespace nety::engine {

Sequence::Sequence(Engine& engine, int32_t slot) : engine_(&engine), slot_(slot) {
  tokens_.reserve(static_cast<size_t>(engine.options().context));
}

Sequence::Sequence(Sequence&& other) noexcept
    : engine_(std::exchange(other.engine_, nullptr)),
      slot_(other.slot_),
      tokens_(std::move(other.tokens_)) {}

Sequence& Sequence::operator=(Sequence&& other) noexcept {
  Sequence taken(std::move(other));  // is left with this one's slot, and gives it back
  std::swap(engine_, taken.engine_);
  std::swap(slot_, taken.slot_);
  std::swap(tokens_, taken.tokens_);
  return *this;
}

Sequence::~Sequence() {
  if (engine_ != nullptr) engine_->release(slot_);
}

void Sequence::require_room(std::span<const int32_t> tokens) const {
  engine_->require_room(*this, tokens);
}

std::span<const float> Sequence::feed(std::span<const int32_t> tokens) {
  require_room(tokens);
  for (;;) {
    const size_t most = static_cast<size_t>(engine_->options().step_tokens);
    const bool last = tokens.size() <= most;
    Piece piece{this, tokens.first(std::min(tokens.size(), most)),
                last ? Wanted::kLast : Wanted::kNone};
    engine_->step({&piece, 1});
    if (last) return piece.logits;
    tokens = tokens.subspan(most);
  }
}

std::span<const float> Sequence::feed_all(std::span<const int32_t> tokens) {
  Piece piece{this, tokens, Wanted::kAll};
  engine_->step({&piece, 1});
  return piece.logits;
}

void Sequence::truncate(int64_t length) {
  const int64_t kept = std::clamp<int64_t>(length, 0, this->length());
  tokens_.resize(static_cast<size_t>(kept));
  engine_->truncate(slot_, kept);
}

void Sequence::copy_prefix(const Sequence& from, int64_t length) {
  if (&from == this) return truncate(length);
  const int64_t kept = std::clamp<int64_t>(length, 0, from.length());
  engine_->copy(from, *this, kept);
  const std::span<const int32_t> tokens = from.tokens().first(static_cast<size_t>(kept));
  tokens_.assign(tokens.begin(), tokens.end());
}

uint64_t Sequence::layer_bytes() const {
  if (tokens_.empty()) return 0;
  return engine_->backend().exported_bytes(*engine_->cache_, static_cast<int32_t>(length()));
}

void Sequence::export_layer(int64_t layer, std::span<std::byte> to) const {
  engine_->backend().export_layer(*engine_->cache_, layer, slot_, static_cast<int32_t>(length()),
                                  to);
}

bool Sequence::restore(std::span<const int32_t> tokens, std::span<const std::byte> layers) {
  truncate(0);
  require_room(tokens);
  model::Backend& backend = engine_->backend();
  const auto length = static_cast<int32_t>(tokens.size());
  const uint64_t bytes = backend.exported_bytes(*engine_->cache_, length);
  const auto count = static_cast<uint64_t>(engine_->model().config.layers);
  if (bytes == 0 || layers.size() != bytes * count) return false;
  for (uint64_t layer = 0; layer < count; ++layer)
    backend.import_layer(*engine_->cache_, static_cast<int64_t>(layer), slot_, length,
                         layers.subspan(layer * bytes, bytes));
  tokens_.assign(tokens.begin(), tokens.end());
  return true;
}

Sequence Sequence::fork() const {
  Sequence forked = engine_->open_sequence();
  forked.copy_prefix(*this, length());
  return forked;
}

int64_t Sequence::keep_prefix(std::span<const int32_t> wanted) {
  size_t same = 0;
  while (same < tokens_.size() && same + 1 < wanted.size() && tokens_[same] == wanted[same]) ++same;
  truncate(static_cast<int64_t>(same));
  return static_cast<int64_t>(same);
}

}  // namespace nety::engine
