// A tile is some tokens with the heads of a group; it goes over the cache one KV block after
// another. The blocks' results are joined by running maxima (Milakov and Gimelshein, "Online
// normalizer calculation for softmax", 2018).
#include "core/backends/native/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/options/run_options.h"

namespace nety::native {
namespace {

using kernels::kKvBlock;
using kernels::Visible;

/// Rows (tokens times heads of a group) that go together: their scores stay in the first cache.
constexpr int64_t kTileRows = 24;

/// What values are multiplied by where `sink` is one more score beside those whose largest is `top`
/// and whose exponentials sum to `sum`.
float share_beside(float sink, float top, float sum) {
  const float highest = std::max(top, sink);
  const float seen = std::exp(top - highest);
  return seen / (sum * seen + std::exp(sink - highest));
}

/// Floats of a KV block's results for `rows` rows: a, tops and sums.
int64_t partial_size(int64_t rows, int64_t head_dim) { return rows * (head_dim + 2); }

}  // namespace

int64_t Attention::shared_bytes(int64_t kv_heads, int64_t group, int64_t head_dim,
                                int64_t context) {
  return (context / kKvBlock + 2) * kv_heads * partial_size(group, head_dim) *
         static_cast<int64_t>(sizeof(float));
}

int64_t Attention::scratch_bytes(int64_t group, int64_t head_dim) {
  const int64_t rows = std::max(kTileRows, group);
  return (rows * kKvBlock + 2 * partial_size(rows, head_dim)) * static_cast<int64_t>(sizeof(float));
}

void Attention::reserve(const checkpoint::ModelConfig& config, int64_t context, int64_t max_tokens,
                        int threads) {
  config_ = config;
  tile_tokens_ = std::clamp<int64_t>(kTileRows / group(), 1, max_tokens);
  workers_ = threads;
  tiles_.reserve(static_cast<size_t>(max_tokens));
  const int64_t rows = tile_tokens_ * group();
  scratch_.resize(static_cast<size_t>(threads));
  for (Scratch& scratch : scratch_) {
    scratch.scores = ZeroedArray<float>(static_cast<size_t>(rows * kKvBlock));
    scratch.part = ZeroedArray<float>(static_cast<size_t>(partial_floats(rows)));
    scratch.sum = ZeroedArray<float>(static_cast<size_t>(partial_floats(rows)));
    scratch.visible = ZeroedArray<Visible>(static_cast<size_t>(tile_tokens_));
  }
  const int64_t shared = shared_bytes(config.kv_heads, group(), config.head_dim, context);
  partials_ = ZeroedArray<float>(static_cast<size_t>(shared) / sizeof(float));
}

void Attention::begin_step(const model::Batch& batch, const KvCache& cache, kernels::Isa isa) {
  batch_ = batch;
  cache_ = &cache;
  // The words of --kv are the formats of the cells.
  kernel_ = kernels::kernel<kernels::Op::kAttention>(options::text_of(cache.shape().type), isa);
  soft_cap_ = kernels::kernel<kernels::Op::kSoftCap>("fp32", isa);
  // A short step is cut finer, so that each worker has two tiles' heads or more; bits stay the
  // same.
  const auto tokens = static_cast<int64_t>(batch.tokens.size());
  const int64_t longest =
      std::clamp<int64_t>(tokens * config_.kv_heads / (2 * workers_), 1, tile_tokens_);
  tiles_.clear();
  for (size_t t = 0; t < batch.tokens.size(); ++t) {
    const bool follows = t > 0 && tiles_.back().tokens < longest &&
                         batch.sequences[t] == batch.sequences[t - 1] &&
                         batch.positions[t] == batch.positions[t - 1] + 1;
    if (follows)
      ++tiles_.back().tokens;
    else
      tiles_.push_back({static_cast<int64_t>(t), 1});
  }
}

void Attention::run(const checkpoint::LayerSpec& spec, int64_t layer, const float* q,
                    const float* sinks, ThreadPool& pool, float* a, int64_t a_stride) {
  layer_ = layer;
  sinks_ = sinks;
  window_ = spec.window;
  scale_ = spec.score_scale == 0 ? 1.0F / std::sqrt(static_cast<float>(config_.head_dim))
                                 : static_cast<float>(spec.score_scale);
  cap_ = static_cast<float>(spec.score_cap);
  q_ = q;
  if (batch_.tokens.size() == 1) return one_token(pool, a);
  pool.run([&](int worker, int workers) {
    // Later tokens look further back: dealing them out in turn keeps the workers level.
    const int64_t units = static_cast<int64_t>(tiles_.size()) * config_.kv_heads;
    for (int64_t unit = worker; unit < units; unit += workers)
      tile(tiles_[static_cast<size_t>(unit / config_.kv_heads)], unit % config_.kv_heads,
           scratch_[static_cast<size_t>(worker)], a, a_stride);
  });
}

int64_t Attention::partial_floats(int64_t rows) const {
  return partial_size(rows, config_.head_dim);
}

Attention::Partial Attention::partial(float* storage, int64_t rows) const {
  return {storage, storage + rows * config_.head_dim, storage + rows * (config_.head_dim + 1)};
}

Attention::Span Attention::visible_to(int64_t t) const {
  const int64_t end = batch_.positions[static_cast<size_t>(t)] + 1;
  return {window_ > 0 ? std::max<int64_t>(0, end - window_) : 0, end};
}

Attention::Span Attention::blocks_of(const Tile& tile) const {
  return {visible_to(tile.first).begin / kKvBlock,
          (visible_to(tile.first + tile.tokens - 1).end + kKvBlock - 1) / kKvBlock};
}

Attention::Tile Attention::visible_in(const Tile& tile, int64_t block, Visible* visible) const {
  Tile some{tile.first, 0};
  for (int64_t t = tile.first; t < tile.first + tile.tokens; ++t) {
    const Span all = visible_to(t);
    const Visible here{std::max(all.begin - block * kKvBlock, int64_t{0}),
                       std::min(all.end - block * kKvBlock, kKvBlock)};
    if (here.begin >= here.end) continue;  // behind the window, or ahead: at one end of the tile
    if (some.tokens == 0) some.first = t;
    visible[some.tokens++] = here;
  }
  return some;
}

void Attention::attend(const Tile& tile, int64_t kv_head, int64_t block, Scratch& scratch,
                       const Partial& out) const {
  const int64_t sequence = batch_.sequences[static_cast<size_t>(tile.first)];
  kernel_({.q = q_ + (tile.first * config_.heads + kv_head * group()) * config_.head_dim,
           .q_stride = config_.heads * config_.head_dim,
           .keys = cache_->keys(layer_, sequence, kv_head, block),
           .values = cache_->values(layer_, sequence, kv_head, block),
           .visible = scratch.visible.data(),
           .tokens = tile.tokens,
           .group = group(),
           .head_dim = config_.head_dim,
           .scale = scale_,
           .scores = scratch.scores.data(),
           .a = out.a,
           .tops = out.tops,
           .sums = out.sums,
           .soft_cap = cap_ > 0 ? soft_cap_ : nullptr,
           .cap = cap_});
}

void Attention::clear(const Partial& sum, int64_t rows) const {
  std::fill_n(sum.a, partial_floats(rows), 0.0F);
  std::fill_n(sum.tops, rows, -std::numeric_limits<float>::infinity());
}

void Attention::join(const Partial& part, const Partial& sum, int64_t rows) const {
  const int64_t dim = config_.head_dim;
  for (int64_t row = 0; row < rows; ++row) {
    const float top = std::max(sum.tops[row], part.tops[row]);
    const float before = std::exp(sum.tops[row] - top), here = std::exp(part.tops[row] - top);
    sum.tops[row] = top;
    sum.sums[row] = sum.sums[row] * before + part.sums[row] * here;
    float* to = sum.a + row * dim;
    const float* from = part.a + row * dim;
    for (int64_t d = 0; d < dim; ++d) to[d] = to[d] * before + from[d] * here;
  }
}

// One token's heads of a group to their place.
void Attention::finish(const Partial& sum, int64_t token, int64_t kv_head, float* a) const {
  const int64_t dim = config_.head_dim;
  for (int64_t g = 0; g < group(); ++g) {
    const int64_t row = token * group() + g;
    const float scale = sinks_ == nullptr ? 1.0F / sum.sums[row]
                                          : share_beside(sinks_[kv_head * group() + g],
                                                         sum.tops[row], sum.sums[row]);
    for (int64_t d = 0; d < dim; ++d)
      a[(kv_head * group() + g) * dim + d] = sum.a[row * dim + d] * scale;
  }
}

void Attention::tile(const Tile& tile, int64_t kv_head, Scratch& scratch, float* a,
                     int64_t a_stride) const {
  const int64_t rows = tile.tokens * group();
  const Partial sum = partial(scratch.sum.data(), rows);
  clear(sum, rows);
  const Span blocks = blocks_of(tile);
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    const Tile some = visible_in(tile, block, scratch.visible.data());
    const Partial part = partial(scratch.part.data(), some.tokens * group());
    attend(some, kv_head, block, scratch, part);
    const int64_t skipped = (some.first - tile.first) * group();
    join(part, {sum.a + skipped * config_.head_dim, sum.tops + skipped, sum.sums + skipped},
         some.tokens * group());
  }
  for (int64_t t = 0; t < tile.tokens; ++t)
    finish(sum, t, kv_head, a + (tile.first + t) * a_stride);
}

// The KV blocks of all heads are shared among the workers, then joined.
void Attention::one_token(ThreadPool& pool, float* a) {
  const Tile only{0, 1};
  const Span blocks = blocks_of(only);
  const int64_t count = blocks.end - blocks.begin;
  const int64_t floats = partial_floats(group());
  pool.run([&](int worker, int workers) {
    Scratch& scratch = scratch_[static_cast<size_t>(worker)];
    const Share share = share_of(count * config_.kv_heads, worker, workers);
    for (int64_t unit = share.begin; unit < share.end; ++unit) {
      const int64_t block = blocks.begin + unit % count;
      visible_in(only, block, scratch.visible.data());
      attend(only, unit / count, block, scratch,
             partial(partials_.data() + unit * floats, group()));
    }
  });
  const Partial sum = partial(scratch_[0].sum.data(), group());
  for (int64_t kv_head = 0; kv_head < config_.kv_heads; ++kv_head) {
    clear(sum, group());
    for (int64_t i = 0; i < count; ++i)
      join(partial(partials_.data() + (kv_head * count + i) * floats, group()), sum, group());
    finish(sum, 0, kv_head, a);
  }
}

}  // namespace nety::native
