// Sums over the tensors of the Llama family.
#include "core/model/footprint.h"

#include <algorithm>

namespace nety::model {
namespace {

uint64_t bytes_of(const WeightPtr& weight, int64_t rows, int64_t cols) {
  return weight == nullptr ? 0 : precision::mode(weight->mode()).functions->bytes(rows, cols);
}

uint64_t layer_bytes(const LayerWeights& w, const checkpoint::ModelConfig& c) {
  const int64_t q = c.heads * c.head_dim;
  const int64_t kv = c.kv_heads * c.head_dim;
  return bytes_of(w[Slot::attention_norm], 1, c.dim) + bytes_of(w[Slot::wq], q, c.dim) +
         bytes_of(w[Slot::wk], kv, c.dim) + bytes_of(w[Slot::wv], kv, c.dim) +
         bytes_of(w[Slot::bq], 1, q) + bytes_of(w[Slot::bk], 1, kv) + bytes_of(w[Slot::bv], 1, kv) +
         bytes_of(w[Slot::wo], c.dim, q) + bytes_of(w[Slot::bo], 1, c.dim) +
         bytes_of(w[Slot::mlp_norm], 1, c.dim) + bytes_of(w[Slot::w_gate], c.ffn_dim, c.dim) +
         bytes_of(w[Slot::w_up], c.ffn_dim, c.dim) + bytes_of(w[Slot::b_gate], 1, c.ffn_dim) +
         bytes_of(w[Slot::b_up], 1, c.ffn_dim) + bytes_of(w[Slot::w_down], c.dim, c.ffn_dim) +
         bytes_of(w[Slot::b_down], 1, c.dim);
}

}  // namespace

Footprint footprint(const Model& model) {
  const checkpoint::ModelConfig& c = model.config;
  uint64_t layers = bytes_of(model.norm, 1, c.dim);
  for (const LayerWeights& w : model.layers) layers += layer_bytes(w, c);
  const uint64_t table = bytes_of(model.embedding, c.vocab, c.dim);
  const uint64_t head = bytes_of(model.output, c.vocab, c.dim);
  Footprint result;
  result.weights_bytes = layers + table + head;
  const uint64_t row = c.vocab > 0 ? table / static_cast<uint64_t>(c.vocab) : 0;
  result.per_token_bytes = layers + row + (model.output == nullptr ? table : head);
  return result;
}

uint64_t kv_bytes_read(const checkpoint::ModelConfig& config, int64_t depth, KvType type) {
  const int64_t seen =
      config.sliding_window > 0 ? std::min(depth + 1, config.sliding_window) : depth + 1;
  const int64_t element = type == KvType::kBf16 ? 2 : 4;
  return static_cast<uint64_t>(2 * config.layers * config.kv_heads * config.head_dim * seen *
                               element);
}

}  // namespace nety::model
