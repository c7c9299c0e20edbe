// Sums over the tensors of the architecture.
#include "core/model/footprint.h"

#include <algorithm>
#include <cmath>

#include "core/options/kv_bytes.h"

namespace nety::model {

Footprint footprint(const Model& model) {
  Footprint result;
  double experts = 0;  // a token's share of their bytes
  for (const checkpoint::TensorInfo& info : checkpoint::tensors_of(model.config)) {
    const WeightPtr& weight = model.weight(info);
    if (weight == nullptr) continue;
    const auto bytes_of = precision::mode(weight->mode()).functions->bytes;
    const uint64_t bytes = bytes_of(info.rows(), info.cols());
    result.weights_bytes += bytes;
    if (info.expert >= 0) {
      experts += static_cast<double>(bytes) * model.config.spec(info.layer).mixture.share();
      continue;
    }
    const bool looked_up = info.slot == Slot::embedding && !model.config.tied_embeddings;
    // A token is one row of the table, which is read a second time where it is the head.
    if (info.slot == Slot::embedding)
      result.per_token_bytes += bytes / static_cast<uint64_t>(info.rows());
    if (!looked_up) result.per_token_bytes += bytes;
  }
  result.per_token_bytes += static_cast<uint64_t>(std::llround(experts));
  return result;
}

uint64_t kv_bytes_read(const checkpoint::ModelConfig& config, int64_t depth, KvType type) {
  int64_t seen = 0;  // positions of all layers
  for (int64_t l = 0; l < config.layers; ++l) {
    const int64_t window = config.spec(l).window;
    seen += window > 0 ? std::min(depth + 1, window) : depth + 1;
  }
  return static_cast<uint64_t>(2 * config.kv_heads * seen *
                               options::kv_row_bytes(type, config.head_dim));
}

}  // namespace nety::model
