// One conversation with a model: a cache and the tokens in it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/zeroed_array.h"
#include "core/model/forward.h"

namespace nety::model {

struct SessionOptions {
  int64_t context = 0;         ///< Tokens the cache holds.
  int64_t prefill_step = 512;  ///< Tokens per step when a prompt is read.
  int64_t logit_rows = 1;      ///< Most rows of logits wanted at once.
  KvType kv = KvType::kFp32;
};

/// Tokens in, logits out. The model and backend must outlive it.
class Session {
 public:
  Session(const Model& model, Backend& backend, const SessionOptions& options);

  /// Appends tokens (in steps of prefill_step) and returns the logits [V] after the last one, valid
  /// until the next call. Error: kUsage if they do not fit the context.
  std::span<const float> feed(std::span<const int32_t> tokens);
  /// Appends tokens in one step and returns logits [T, V] of all of them: T <= logit_rows.
  std::span<const float> feed_all(std::span<const int32_t> tokens);
  /// The logits [V] of the last feed().
  std::span<const float> logits() const {
    return std::span(logits_).first(static_cast<size_t>(model_.config.vocab));
  }
  /// Forgets everything after the first `length` tokens.
  void rewind(int64_t length);

  int64_t length() const { return static_cast<int64_t>(tokens_.size()); }
  int64_t context() const { return options_.context; }
  int64_t logit_rows() const { return options_.logit_rows; }
  std::span<const int32_t> tokens() const { return tokens_; }
  uint64_t cache_bytes() const { return cache_->bytes(); }
  const Model& model() const { return model_; }
  Backend& backend() const { return backend_; }

 private:
  void step(std::span<const int32_t> tokens, std::span<const int32_t> rows);

  const Model& model_;
  Backend& backend_;
  SessionOptions options_;
  std::unique_ptr<KvCache> cache_;
  std::vector<int32_t> tokens_;
  std::vector<int32_t> positions_, sequences_, all_rows_;
  ZeroedArray<float> logits_;  // [logit_rows, V]
};

}  // namespace nety::model
