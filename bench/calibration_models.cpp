// Every width is a multiple of 256, so that blocks of every format divide rows.
#include "bench/calibration_models.h"

#include <algorithm>
#include <cmath>

#include "core/policy/plan.h"

namespace nety::bench {
namespace {

struct Shape {
  int64_t dim, heads, kv_heads, head_dim, ffn_dim, layers, vocab;
};

checkpoint::ModelConfig config_of(const Shape& shape) {
  checkpoint::ModelConfig config;
  config.architecture = "llama";
  config.name = "calibration";
  config.dim = shape.dim;
  config.heads = shape.heads;
  config.kv_heads = shape.kv_heads;
  config.head_dim = shape.head_dim;
  config.ffn_dim = shape.ffn_dim;
  config.layers = shape.layers;
  config.vocab = shape.vocab;
  config.context = 4096;
  return config;
}

}  // namespace

checkpoint::ModelConfig tiny_model() { return config_of({512, 8, 2, 64, 1536, 1, 256}); }
checkpoint::ModelConfig small_model(int64_t layers) {
  return config_of({512, 8, 2, 64, 1536, layers, 512});
}
checkpoint::ModelConfig large_model(int64_t layers) {
  return config_of({2560, 32, 8, 128, 9728, layers, 512});
}
checkpoint::ModelConfig prompt_model() { return config_of({2048, 16, 4, 128, 5632, 1, 256}); }
checkpoint::ModelConfig attention_model() { return config_of({1024, 8, 2, 128, 1024, 8, 256}); }

checkpoint::ModelConfig mixture_model() {
  checkpoint::ModelConfig config = config_of({1024, 16, 8, 64, 512, 4, 256});
  config.architecture = "mixtral";
  config.specs.front().mixture = {
      .experts = 32, .chosen = 8, .ffn_dim = 512, .gating = checkpoint::Gating::kSoftmaxOfChosen};
  return config;
}

double bytes_of_large_layer(precision::ModeId mode) {
  double bytes = 0;
  for (const policy::PlannedWeight& weight : policy::weights_of(large_model(1)))
    if (weight.role() == policy::Role::kMatrix)
      bytes +=
          static_cast<double>(precision::mode(mode).functions->bytes(weight.rows, weight.cols));
  return bytes;
}

int64_t layers_of_bytes(precision::ModeId mode, double bytes) {
  return std::clamp<int64_t>(std::llround(bytes / bytes_of_large_layer(mode)), 1, 16);
}

}  // namespace nety::bench
