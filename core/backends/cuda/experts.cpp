#include "core/backends/cuda/experts.h"

#include <vector>

#include "core/backends/cuda/weight.h"
#include "core/model/routing.h"

namespace nety::cuda {
namespace {

using model::ExpertTokens;
using model::Slot;

/// Who has which expert, brought to the device together.
std::vector<ExpertTokens> route(Device& device, const Linear& linear, const Workspace& work,
                                const model::LayerWeights& layer, const model::LayerSpec& spec,
                                const float* n, int32_t tokens) {
  const Buffers& at = work.at;
  const Segment router = segment_of(layer[Slot::router], layer[Slot::router_bias], at.scores);
  linear.multiply({&router, 1}, n, tokens, Epilogue::kStore);
  std::vector<float> scores(static_cast<size_t>(tokens * spec.mixture.experts));
  device.download(scores.data(), at.scores, scores.size() * sizeof(float));
  std::vector<ExpertTokens> all = model::tokens_by_expert(spec.mixture, scores);
  std::vector<int32_t> rows;
  std::vector<float> weights;
  for (const ExpertTokens& of : all) {
    rows.insert(rows.end(), of.tokens.begin(), of.tokens.end());
    weights.insert(weights.end(), of.weights.begin(), of.weights.end());
  }
  const size_t bytes = rows.size() * sizeof(int32_t);
  device.upload(at.expert_rows, bytes, rows.data(), bytes, bytes, 1);
  device.upload(at.expert_weights, bytes, weights.data(), bytes, bytes, 1);
  return all;
}

}  // namespace

void activate(Stream stream, const model::LayerSpec& spec, const SiluArgs& pair) {
  using checkpoint::Nonlinearity;
  switch (spec.nonlinearity) {
    case Nonlinearity::kSilu:
      return silu_multiply(stream, pair);
    case Nonlinearity::kGeluTanh:
      return gelu_multiply(stream, pair);
    case Nonlinearity::kClampedSilu:
      return clamped_silu_multiply(stream, {pair, static_cast<float>(spec.clamp)});
  }
}

void run_experts(Device& device, const Linear& linear, const Workspace& work,
                 const model::LayerWeights& layer, const model::LayerSpec& spec, const float* n,
                 int32_t tokens) {
  const Buffers& at = work.at;
  const auto dim = static_cast<int32_t>(work.config.dim);
  const Stream stream = device.stream();
  const std::vector<ExpertTokens> all = route(device, linear, work, layer, spec, n, tokens);
  device.clear(at.sum, static_cast<uint64_t>(tokens) * static_cast<uint64_t>(dim) * sizeof(float));
  int64_t first = 0;
  for (const ExpertTokens& of : all) {
    const model::ExpertWeights& w = layer.experts[of.expert];
    const auto count = static_cast<int32_t>(of.tokens.size());
    const int32_t* rows = at.expert_rows + first;
    gather_rows(stream, {n, rows, at.of_expert, count, dim});
    const Segment segments[] = {segment_of(w.gate, w.gate_bias, at.h),
                                segment_of(w.up, w.up_bias, at.u)};
    const bool silu = spec.nonlinearity == checkpoint::Nonlinearity::kSilu;
    linear.multiply(segments, at.of_expert, count, silu ? Epilogue::kSilu : Epilogue::kStore);
    if (!silu) activate(stream, spec, {at.h, at.u, int64_t{count} * segments[0].w.rows});
    const Segment down = segment_of(w.down, w.down_bias, at.from_expert);
    linear.multiply({&down, 1}, at.h, count, Epilogue::kStore);
    add_to_rows(stream, {at.sum, rows, at.expert_weights + first, at.from_expert, count, dim});
    first += count;
  }
}

}  // namespace nety::cuda
