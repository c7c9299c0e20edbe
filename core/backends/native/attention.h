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
/// them; a single token's KV blocks are shared among the workers instead. Either way a token's
/// blocks are computed one by one and joined in order, so its bits are the same.
class Attention {
 public:
  /// Bytes for the results of one token's KV blocks, and of one worker's scratch.
  static int64_t shared_bytes(int64_t kv_heads, int64_t group, int64_t head_dim, int64_t context);
  static int64_t scratch_bytes(int64_t group, int64_t head_dim);
  /// Room for steps of at most `max_tokens` tokens over at most `context` positions.
  void reserve(const checkpoint::ModelConfig& config, int64_t context, int64_t max_tokens,
               int threads);
  void begin_step(const model::Batch& batch, const KvCache& cache, kernels::Isa isa);
  /// a[t * a_stride + ...] [heads, head_dim] from q [T, heads, head_dim], rotated. The step's own
  /// keys and values are in the cache already. `sinks` [heads]: scores of a value that is zero;
  /// null where there are none.
  void run(const checkpoint::LayerSpec& spec, int64_t layer, const float* q, const float* sinks,
           ThreadPool& pool, float* a, int64_t a_stride);

 private:
  /// Results for `rows` rows (kernels/attention.h).
  struct Partial {
    float *a, *tops, *sums;
  };
  /// Of one worker.
  struct Scratch {
    ZeroedArray<float> scores;  // [rows of a tile, kKvBlock]
    ZeroedArray<float> part, sum;
    ZeroedArray<kernels::Visible> visible;  // [tokens of a tile]
  };
  struct Tile {
    int64_t first, tokens;  // of the batch
  };
  struct Span {
    int64_t begin, end;
  };

  int64_t group() const { return config_.heads / config_.kv_heads; }
  int64_t partial_floats(int64_t rows) const;
  Partial partial(float* storage, int64_t rows) const;
  /// The positions that token t attends to.
  Span visible_to(int64_t t) const;
  /// The KV blocks that `tile` attends to.
  Span blocks_of(const Tile& tile) const;
  /// The tokens of `tile` that attend to positions of a block; which positions, in `visible`.
  Tile visible_in(const Tile& tile, int64_t block, kernels::Visible* visible) const;
  void attend(const Tile& tile, int64_t kv_head, int64_t block, Scratch& scratch,
              const Partial& out) const;
  void tile(const Tile& tile, int64_t kv_head, Scratch& scratch, float* a, int64_t a_stride) const;
  void one_token(ThreadPool& pool, float* a);
  /// Results before the first block.
  void clear(const Partial& sum, int64_t rows) const;
  /// Joins the results of one more block to those before it; `rows` rows.
  void join(const Partial& part, const Partial& sum, int64_t rows) const;
  void finish(const Partial& sum, int64_t token, int64_t kv_head, float* a) const;

  checkpoint::ModelConfig config_;
  model::Batch batch_{};
  const KvCache* cache_ = nullptr;
  kernels::AttentionKernel kernel_ = nullptr;
  kernels::SoftCapKernel soft_cap_ = nullptr;
  int64_t window_ = 0;  // of the layer that runs
  float scale_ = 0, cap_ = 0;
  int64_t layer_ = 0, tile_tokens_ = 1, workers_ = 1;
  const float *q_ = nullptr, *sinks_ = nullptr;
  std::vector<Tile> tiles_;
  std::vector<Scratch> scratch_;
  ZeroedArray<float> partials_;  // of one token's KV blocks, all heads
};

}  // namespace nety::native
