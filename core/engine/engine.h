// A model that is ready to answer: the model, its backend, and all the memory that its steps take,
// reserved once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/zeroed_array.h"
#include "core/engine/sequence.h"
#include "core/model/forward.h"

namespace nety::engine {

struct EngineOptions {
  int64_t context = 0;        ///< Tokens that a sequence holds.
  int64_t step_tokens = 512;  ///< Most tokens of a step.
  int64_t logit_rows = 1;     ///< Most rows of logits of a step.
  int64_t sequences = 1;      ///< Most sequences at the same time.
  model::KvType kv = model::KvType::kFp32;
};

/// Which rows of a piece have their logits computed.
enum class Wanted : uint8_t { kNone, kLast, kAll };

/// What one sequence reads in a step.
struct Piece {
  Sequence* sequence = nullptr;
  std::span<const int32_t> tokens;
  Wanted wanted = Wanted::kLast;
  /// Set by Engine::step(): [rows, V], valid until the engine's next step.
  std::span<const float> logits{};
};

/// Steps over several sequences. The cache and the workspace are the engine's own, so several
/// engines may share a backend; steps of all of them are made by one thread at a time. The model
/// and the backend outlive the engine, and the engine its sequences.
class Engine {
 public:
  /// Error: kMemory if the cache or the workspace does not fit.
  Engine(const model::Model& model, model::Backend& backend, const EngineOptions& options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// A new, empty sequence. Error: kUsage if there are options().sequences of them already.
  Sequence open_sequence();

  /// One step: every piece's tokens are appended to its sequence. A token's logits depend on its
  /// own sequence only, and have the same bits in any step where the backend says so
  /// (Backend::same_bits_for_many). Errors: those of require_room(); kInternal for pieces that are
  /// together larger than the options allow, or for a sequence that is given twice.
  void step(std::span<Piece> pieces);

  const model::Model& model() const { return model_; }
  model::Backend& backend() const { return backend_; }
  /// As given, brought into range.
  const EngineOptions& options() const { return options_; }
  uint64_t cache_bytes() const { return cache_->bytes(); }

 private:
  friend class Sequence;
  /// Errors: kUsage for no tokens, for tokens outside the vocabulary, and for more than `sequence`
  /// has room for.
  void require_room(const Sequence& sequence, std::span<const int32_t> tokens) const;
  void check(std::span<const Piece> pieces);
  void add(const Piece& piece);
  void truncate(int32_t slot, int64_t length);
  /// Error: kInternal for sequences of different engines.
  void copy(const Sequence& from, const Sequence& to, int64_t length);
  void release(int32_t slot);

  const model::Model& model_;
  model::Backend& backend_;
  EngineOptions options_;
  std::unique_ptr<model::Workspace> workspace_;
  std::unique_ptr<model::KvCache> cache_;
  struct Slot {
    bool taken = false;
    uint64_t step = 0;  // the last one that it was part of
  };
  std::vector<Slot> slots_;  // [sequences]
  uint64_t steps_ = 0;

  // The batch of a step; room for the largest is reserved.
  std::vector<int32_t> tokens_, positions_, sequences_;  // [T]
  std::vector<int32_t> rows_;                            // [R]
  ZeroedArray<float> logits_;                            // [logit_rows, V]
};

}  // namespace nety::engine
