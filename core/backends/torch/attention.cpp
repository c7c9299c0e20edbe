// Attention by at::scaled_dot_product_attention, grouped queries without copying keys.
#include "core/backends/torch/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/triu.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/base/error.h"

namespace nety::torch_backend {
namespace {

at::Tensor copy_of(const std::vector<int64_t>& values, c10::Device device) {
  return at::from_blob(const_cast<int64_t*>(values.data()), {static_cast<int64_t>(values.size())},
                       at::TensorOptions(at::kLong))
      .to(device, at::kLong, false, true);
}

/// Row i at position begin + i sees keys up to its own, the last `window` of them.
at::Tensor make_mask(const SequenceRows& rows, const Sight& sight) {
  const int64_t n = rows.count(), keys = rows.end() - sight.first_key, window = sight.window;
  at::Tensor mask = at::empty({n, keys}, at::TensorOptions(at::kFloat));
  float* out = mask.data_ptr<float>();
  for (int64_t i = 0; i < n; ++i) {
    const int64_t position = rows.begin + i;
    for (int64_t j = 0; j < keys; ++j) {
      const int64_t key = sight.first_key + j;
      const bool seen = key <= position && (window == 0 || key > position - window);
      *out++ = seen ? 0.0F : -std::numeric_limits<float>::infinity();
    }
  }
  return mask;
}

Sight sight_of(const SequenceRows& rows, int64_t window, c10::Device device) {
  const int64_t n = rows.count();
  Sight sight;
  sight.window = window;
  if (window > 0) sight.first_key = std::max<int64_t>(0, rows.begin - window + 1);
  if (n == 1) return sight;
  sight.causal = rows.begin == 0 && (window == 0 || window >= n);
  if (!sight.causal) sight.mask = make_mask(rows, sight).to(device);
  return sight;
}

void finish(SequenceRows& rows, const std::vector<int64_t>& windows, c10::Device device) {
  if (rows.rows.back() - rows.rows.front() + 1 != rows.count())
    rows.index = copy_of(rows.rows, device);
  for (const int64_t window : windows) rows.sights.push_back(sight_of(rows, window, device));
}

at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const Sight& sight, double scale) {
  const std::optional<at::Tensor> mask =
      sight.mask.defined() ? std::optional(sight.mask) : std::nullopt;
  return at::scaled_dot_product_attention(q, k, v, mask, 0.0, sight.causal, scale);
}

/// With scores that are capped before the mask, or sinks beside them, which the fused operation
/// cannot do. `sinks` [Hkv, group, n or 1, 1], or undefined.
at::Tensor plain_steps(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       const Sight& sight, double scale, double cap, const at::Tensor& sinks) {
  at::Tensor scores = at::matmul(q, k.transpose(2, 3)).mul_(scale);
  if (cap > 0) scores.div_(cap).tanh_().mul_(cap);
  if (sight.mask.defined()) scores.add_(sight.mask);
  if (sight.causal) {
    const at::Tensor hidden = at::full({q.size(2), k.size(2)}, -INFINITY, scores.options());
    scores.add_(at::triu(hidden, 1));
  }
  if (!sinks.defined()) return at::matmul(at::softmax(scores, -1), v);
  const at::Tensor column = sinks.expand({scores.size(0), scores.size(1), scores.size(2), 1});
  const at::Tensor shares = at::softmax(at::cat({scores, column}, -1), -1);
  return at::matmul(shares.narrow(-1, 0, k.size(2)), v);
}

void check_sequence(const model::CacheShape& shape, int32_t sequence) {
  if (sequence < 0 || sequence >= shape.sequences)
    throw Error(ErrorKind::kInternal, "sequence " + std::to_string(sequence) + " of a cache of " +
                                          std::to_string(shape.sequences));
}

void check_position(const TorchCache& cache, const SequenceRows& rows, int32_t position) {
  if (position != rows.end())
    throw Error(ErrorKind::kInternal, "position " + std::to_string(position) + " of sequence " +
                                          std::to_string(rows.sequence) + " does not follow " +
                                          std::to_string(rows.end()) + " cached tokens");
  if (position >= cache.shape().context)
    throw Error(ErrorKind::kUsage,
                "the text is longer than the context of " + std::to_string(cache.shape().context) +
                    " tokens",
                "Give a larger --ctx or a shorter text.");
}

}  // namespace

TorchCache::TorchCache(const model::CacheShape& shape, c10::Device device)
    : shape_(shape), device_(device), lengths_(static_cast<size_t>(shape.sequences), 0) {
  const at::TensorOptions type =
      at::TensorOptions(shape.type == model::KvType::kBf16 ? at::kBFloat16 : at::kFloat)
          .device(device);
  // Not zeroed: pages are touched as positions are written, so a large context costs nothing yet.
  for (int64_t layer = 0; layer < shape.layers; ++layer)
    for (std::vector<at::Tensor>* list : {&keys_, &values_})
      list->push_back(
          at::empty({shape.sequences, shape.kv_heads, shape.context, shape.head_dim}, type));
}

uint64_t TorchCache::bytes() const {
  const int64_t elements =
      shape_.layers * shape_.sequences * shape_.kv_heads * shape_.context * shape_.head_dim;
  return static_cast<uint64_t>(elements) * 2 * (shape_.type == model::KvType::kBf16 ? 2 : 4);
}

void TorchCache::truncate(int32_t sequence, int32_t position) {
  if (sequence < 0 || sequence >= shape_.sequences) return;
  set_length(sequence, std::clamp<int64_t>(position, 0, length(sequence)));
}

void TorchCache::copy(int32_t from, int32_t to, int64_t length) {
  for (const int32_t sequence : {from, to}) check_sequence(shape_, sequence);
  if (length > this->length(from))
    throw Error(ErrorKind::kInternal, "a copy of " + std::to_string(length) + " of " +
                                          std::to_string(this->length(from)) + " cached tokens");
  for (const std::vector<at::Tensor>* list : {&keys_, &values_})
    for (const at::Tensor& slab : *list)
      slab.select(0, to).narrow(1, 0, length).copy_(slab.select(0, from).narrow(1, 0, length));
  set_length(to, length);
}

at::Tensor TorchCache::keys(int64_t layer, int32_t sequence) const {
  return keys_[static_cast<size_t>(layer)].select(0, sequence);
}

at::Tensor TorchCache::values(int64_t layer, int32_t sequence) const {
  return values_[static_cast<size_t>(layer)].select(0, sequence);
}

const Sight& SequenceRows::sight(int64_t window) const {
  return *std::ranges::find(sights, window, &Sight::window);
}

at::Tensor SequenceRows::select(const at::Tensor& tensor) const {
  if (index.defined()) return at::index_select(tensor, 0, index);
  return tensor.narrow(0, rows.front(), count());
}

std::vector<SequenceRows> rows_by_sequence(const model::Batch& batch, const TorchCache& cache,
                                           const std::vector<int64_t>& windows) {
  std::vector<SequenceRows> groups;
  for (size_t row = 0; row < batch.tokens.size(); ++row) {
    const int32_t sequence = batch.sequences[row];
    auto group = std::ranges::find(groups, sequence, &SequenceRows::sequence);
    if (group == groups.end()) {
      check_sequence(cache.shape(), sequence);
      groups.emplace_back();
      group = groups.end() - 1;
      group->sequence = sequence;
      group->begin = cache.length(sequence);
    }
    check_position(cache, *group, batch.positions[row]);
    group->rows.push_back(static_cast<int64_t>(row));
  }
  for (SequenceRows& group : groups) finish(group, windows, cache.device());
  return groups;
}

void write_cache(const TorchCache& cache, int64_t layer, const SequenceRows& rows,
                 const at::Tensor& k, const at::Tensor& v) {
  const auto write = [&](const at::Tensor& from, const at::Tensor& slab) {
    slab.narrow(1, rows.begin, rows.count()).copy_(rows.select(from).transpose(0, 1));
  };
  write(k, cache.keys(layer, rows.sequence));
  write(v, cache.values(layer, rows.sequence));
}

at::Tensor attend(const TorchCache& cache, const model::LayerSpec& spec, int64_t layer,
                  const SequenceRows& rows, const at::Tensor& q, const at::Tensor& sinks) {
  const Sight& sight = rows.sight(spec.window);
  const int64_t n = rows.count(), keys = rows.end() - sight.first_key;
  const int64_t kv_heads = cache.shape().kv_heads, head_dim = cache.shape().head_dim;
  const int64_t group = q.size(1) / kv_heads;
  const auto seen = [&](const at::Tensor& slab) {  // [Hkv, 1, keys, dh]
    return slab.narrow(1, sight.first_key, keys).unsqueeze(1).to(at::kFloat);
  };
  at::Tensor k = seen(cache.keys(layer, rows.sequence));
  at::Tensor v = seen(cache.values(layer, rows.sequence));
  at::Tensor queries = rows.select(q).view({n, kv_heads, group, head_dim});
  if (n == 1) {
    queries = queries.permute({1, 0, 2, 3});  // [Hkv, 1, group, dh]: the group shares its keys
  } else {
    queries = queries.permute({1, 2, 0, 3});  // [Hkv, group, n, dh]
    k = k.expand({kv_heads, group, keys, head_dim});
    v = v.expand({kv_heads, group, keys, head_dim});
  }
  const double scale =
      spec.score_scale == 0 ? 1.0 / std::sqrt(static_cast<double>(head_dim)) : spec.score_scale;
  // One token's heads lie where the rows of several are.
  const at::Tensor beside = !sinks.defined()
                                ? sinks
                                : sinks.view(n == 1 ? at::IntArrayRef({kv_heads, 1, group, 1})
                                                    : at::IntArrayRef({kv_heads, group, 1, 1}));
  const bool fused = spec.score_cap == 0 && !sinks.defined();
  const at::Tensor a = fused ? plain_attention(queries, k, v, sight, scale)
                             : plain_steps(queries, k, v, sight, scale, spec.score_cap, beside);
  return (n == 1 ? a.permute({1, 0, 2, 3}) : a.permute({2, 0, 1, 3})).reshape({n, -1});
}

}  // namespace nety::torch_backend
