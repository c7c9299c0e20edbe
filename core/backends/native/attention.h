// Attention of a step's tokens over the cache.
#pragma once

#include <vector>

#include "core/backends/native/kv_cache.h"
#include "core/base/thread_pool.h"
#include "core/base/zeroed_array.h"
#include "core/checkpoint/checkpoint.h"
#include "core/kernels/kernels.h"
#include "core/model/backend.h"

namespace nety::native {

/// Consecutive tokens of a sequence go together, so that keys and values are read once for all of
/// them; a single token's stretches are shared among the workers instead. Either way a token's
/// stretches are computed one by one and put together in order, so its bits are the same.
class Attention {
 public:
  /// Room for steps of at most `max_tokens` tokens over at most `context` positions.
  void reserve(const checkpoint::ModelConfig& config, int64_t context, int64_t max_tokens,
               int threads);
  void begin_step(const model::Batch& batch, const KvCache& cache, kernels::Isa isa);
  /// a[t * a_stride + ...] [heads, head_dim] from q [T, heads, head_dim], rotated. The step's own
  /// keys and values are in the cache already.
  void run(int64_t layer, const float* q, ThreadPool& pool, float* a, int64_t a_stride);

 private:
  /// What stretches leave for `rows` rows (kernels.h, Attention).
  struct Partial {
    float *a, *tops, *sums;
  };
  /// Of one worker.
  struct Scratch {
    ZeroedArray<float> scores;  // [rows of a tile, stretch]
    ZeroedArray<float> part, sum;
    ZeroedArray<kernels::Seen> seen;  // [tokens of a tile]
  };
  struct Tile {
    int64_t first, tokens;  // of the batch
  };
  struct Span {
    int64_t begin, end;
  };

  int64_t group() const { return config_.heads / config_.kv_heads; }
  int64_t partial_floats(int64_t rows) const { return rows * (config_.head_dim + 2); }
  Partial partial(float* storage, int64_t rows) const;
  /// The positions that token t attends to.
  Span seen_by(int64_t t) const;
  /// The stretches that `tile` attends to.
  Span stretches_of(const Tile& tile) const;
  /// Tokens of `tile` that attend to positions of a stretch, and which.
  Tile seen_of_stretch(const Tile& tile, int64_t stretch, kernels::Seen* seen) const;
  void attend(const Tile& tile, int64_t kv_head, int64_t stretch, Scratch& scratch,
              const Partial& out) const;
  void tile(const Tile& tile, int64_t kv_head, Scratch& scratch, float* a, int64_t a_stride) const;
  void one_token(ThreadPool& pool, float* a);
  /// What stretches have left before the first.
  void clear(const Partial& sum, int64_t rows) const;
  /// Adds a stretch's part to what the stretches before it left; `rows` rows.
  void join(const Partial& part, const Partial& sum, int64_t rows) const;
  void finish(const Partial& sum, int64_t token, int64_t kv_head, float* a) const;

  checkpoint::ModelConfig config_;
  model::Batch batch_{};
  const KvCache* cache_ = nullptr;
  kernels::AttentionKernel kernel_ = nullptr;
  int64_t layer_ = 0, tile_tokens_ = 1, workers_ = 1;
  const float* q_ = nullptr;
  std::vector<Tile> tiles_;
  std::vector<Scratch> scratch_;
  ZeroedArray<float> partials_;  // one token's stretches of all heads
};

}  // namespace nety::native
