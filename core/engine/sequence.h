// One conversation in an engine: its tokens, and its slot in the engine's cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nety::engine {

class Engine;

/// Tokens in, logits out. Made by Engine::open_sequence(); gives its slot back when it is
/// destroyed.
class Sequence {
 public:
  Sequence(Sequence&& other) noexcept;
  Sequence& operator=(Sequence&& other) noexcept;
  ~Sequence();

  /// Appends tokens, in as many steps of its own as they need, and returns the logits [V] after the
  /// last one: valid until the engine's next step. Error: kUsage, as require_room().
  std::span<const float> feed(std::span<const int32_t> tokens);
  /// Appends tokens in one step and returns the logits [T, V] of all of them: T <= logit_rows.
  std::span<const float> feed_all(std::span<const int32_t> tokens);

  /// Forgets everything after the first `length` tokens.
  void truncate(int64_t length);
  /// Keeps the tokens that `wanted` begins with too, and forgets the rest. At least one of `wanted`
  /// is left to be fed. Returns how many are kept.
  int64_t keep_prefix(std::span<const int32_t> wanted);

  /// Holds what `from`, of the same engine, holds first: `length` tokens of it. Its keys and values
  /// are copied, so that nothing is read twice.
  void copy_prefix(const Sequence& from, int64_t length);
  /// Another sequence that holds the same. Error: kUsage if the engine has no room for one more.
  Sequence fork() const;

  /// What each layer of it takes in a file; 0: it is empty, or its backend cannot give it away.
  uint64_t layer_bytes() const;
  /// A layer's keys and values, into layer_bytes() bytes.
  void export_layer(int64_t layer, std::span<std::byte> to) const;
  /// Holds `tokens`, whose keys and values are `layers`: what export_layer() gave of each layer of
  /// the same model in the same mode, in their order. Nothing is read again, and what follows has
  /// the bits that it would have had. False, with the sequence empty, if the backend cannot take
  /// them or the sizes are not its own. Error: kUsage, as require_room().
  bool restore(std::span<const int32_t> tokens, std::span<const std::byte> layers);

  /// Error: kUsage if `tokens` cannot be fed: none, outside the vocabulary, or too many.
  void require_room(std::span<const int32_t> tokens) const;

  int64_t length() const { return static_cast<int64_t>(tokens_.size()); }
  std::span<const int32_t> tokens() const { return tokens_; }
  Engine& engine() const { return *engine_; }

 private:
  friend class Engine;
  Sequence(Engine& engine, int32_t slot);

  Engine* engine_;  // null: moved from
  int32_t slot_;
  std::vector<int32_t> tokens_;
};

}  // namespace nety::engine
