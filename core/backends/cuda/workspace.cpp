// Cutting one allocation into buffers.
#include "core/backends/cuda/workspace.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace nety::cuda {
namespace {

using checkpoint::Rotary;

constexpr uint64_t kAlignment = 256;

class Carver {
 public:
  explicit Carver(std::byte* base) : base_(reinterpret_cast<uintptr_t>(base)) {}

  template <class T>
  T* take(int64_t count) {
    const uint64_t at = used_;
    used_ += (static_cast<uint64_t>(count) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return reinterpret_cast<T*>(base_ + at);
  }
  uint64_t used() const { return used_; }

 private:
  uintptr_t base_;
  uint64_t used_ = 0;
};

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// The most positions that a token of some layer sees.
int64_t widest_window(const checkpoint::ModelConfig& config, int64_t length) {
  int64_t widest = 0;
  for (const checkpoint::LayerSpec& spec : config.specs)
    widest = std::max(widest, spec.window > 0 ? spec.window : length);
  return widest;
}

bool has_rotary(const checkpoint::ModelConfig& config, int rotary) {
  return config.any_layer([rotary](const checkpoint::LayerSpec& spec) {
    return static_cast<int>(spec.rotary) == rotary;
  });
}

void take_mixtures(const checkpoint::ModelConfig& config, int64_t tokens, Carver& carver,
                   Buffers& w) {
  const checkpoint::Mixture most = config.largest_mixture();
  if (most.experts == 0) return;
  w.scores = carver.take<float>(tokens * most.experts);
  w.expert_rows = carver.take<int32_t>(tokens * most.chosen);
  w.expert_weights = carver.take<float>(tokens * most.chosen);
  for (float** buffer : {&w.of_expert, &w.from_expert, &w.sum})
    *buffer = carver.take<float>(tokens * config.dim);
}

}  // namespace

const checkpoint::Rope* rope_of(const checkpoint::ModelConfig& config, Rotary rotary) {
  if (rotary == Rotary::kNone) return nullptr;
  return rotary == Rotary::kMain ? &config.rope : &config.local_rope;
}

AttentionCut cut_attention(const Device& device, const checkpoint::ModelConfig& config,
                           int64_t tokens, int64_t length, bool one_sequence) {
  constexpr int64_t kPositionsPerPart = 128;
  const int64_t group = config.heads / config.kv_heads;
  const int64_t per_token = config.kv_heads * ((group + kAttentionRows - 1) / kAttentionRows);
  AttentionCut cut;
  if (tokens <= kMatvecTokens) {
    const int64_t seen = std::min(length, widest_window(config, length));
    while (cut.splits < kMostSplits && cut.splits * kPositionsPerPart < seen &&
           per_token * tokens * cut.splits < 2 * device.processors())
      cut.splits *= 2;
    return cut;
  }
  if (one_sequence)
    cut.tokens_per_block = static_cast<int32_t>(std::max<int64_t>(1, kAttentionRows / group));
  return cut;
}

Buffers lay_out(const checkpoint::ModelConfig& config, const model::StepLimits& limits,
                std::byte* base) {
  const int64_t q_width = config.heads * config.head_dim;
  const int64_t kv_width = config.kv_heads * config.head_dim;
  const int64_t ffn = std::max(config.ffn_dim, config.largest_mixture().ffn_dim);
  const int64_t widest = std::max({config.dim, q_width, ffn});
  const int64_t most = std::max(limits.tokens, limits.logit_rows);
  const int64_t largest = widest * std::max(config.dim, q_width) * int64_t{sizeof(float)};
  Buffers w{};
  Carver carver(base);
  w.x = carver.take<float>(limits.tokens * config.dim);
  w.n = carver.take<float>(most * config.dim);
  w.q = carver.take<float>(limits.tokens * q_width);
  w.k = carver.take<float>(limits.tokens * kv_width);
  w.v = carver.take<float>(limits.tokens * kv_width);
  w.a = carver.take<float>(limits.tokens * q_width);
  w.h = carver.take<float>(limits.tokens * ffn);
  w.u = carver.take<float>(limits.tokens * ffn);
  w.logits = carver.take<float>(limits.logit_rows * config.vocab);
  take_mixtures(config, limits.tokens, carver, w);
  w.partials =
      carver.take<float>(kMatvecTokens * config.heads * kMostSplits * (config.head_dim + 2));
  w.arrivals = carver.take<int32_t>(kMatvecTokens * config.heads);
  w.rows.pitch = round_up(widest, 16);
  w.rows.codes = carver.take<int8_t>(most * w.rows.pitch);
  w.rows.scales = carver.take<float>(most);
  w.rows.outliers = carver.take<int32_t>(most * w.rows.pitch);
  w.rows.outlier_counts = carver.take<int32_t>(most);
  w.high = carver.take<uint16_t>(most * round_up(widest, 8));
  w.low = carver.take<uint16_t>(most * round_up(widest, 8));
  w.panel_bytes = std::min(kPanelBytes, round_up(largest, static_cast<int64_t>(kAlignment)));
  w.panel = carver.take<std::byte>(w.panel_bytes);
  const uint64_t before_step = carver.used();
  w.tokens = carver.take<int32_t>(limits.tokens);
  w.step = reinterpret_cast<std::byte*>(w.tokens);
  w.positions = carver.take<int32_t>(limits.tokens);
  w.sequences = carver.take<int32_t>(limits.tokens);
  w.logit_rows = carver.take<int32_t>(limits.logit_rows);
  for (int rotary = 0; rotary < kRotaries; ++rotary) {
    if (!has_rotary(config, rotary)) continue;
    w.angles[rotary].cosines = carver.take<float>(limits.tokens * (config.head_dim / 2));
    w.angles[rotary].sines = carver.take<float>(limits.tokens * (config.head_dim / 2));
  }
  if (config.specs.front().query_growth != 0) w.growth = carver.take<float>(limits.tokens);
  w.step_bytes = carver.used() - before_step;
  w.bytes = carver.used();
  return w;
}

Workspace::Workspace(Device& device, const checkpoint::ModelConfig& model,
                     const model::StepLimits& most)
    : config(model),
      limits{most.context, std::max<int64_t>(1, most.tokens),
             std::max<int64_t>(1, most.logit_rows)},
      device_(device) {
  for (int rotary = 0; rotary < kRotaries; ++rotary)
    if (const checkpoint::Rope* of = rope_of(config, static_cast<Rotary>(rotary));
        of != nullptr && has_rotary(config, rotary))
      rope[rotary] = model::rope_table(config, *of, most.context);
  storage_ =
      device.allocate(lay_out(config, limits, nullptr).bytes,
                      "the workspace for steps of " + std::to_string(limits.tokens) + " tokens");
  at = lay_out(config, limits, storage_.as<std::byte>());
  staged = device.host_memory(at.step_bytes);
  std::memset(staged.as<void>(), 0, at.step_bytes);
  logits = device.host_memory(static_cast<uint64_t>(config.vocab) * sizeof(float));
  device.clear(at.arrivals, static_cast<uint64_t>(kMatvecTokens * config.heads) * sizeof(int32_t));
}

Workspace::~Workspace() {
  try {
    if (sending) device_.wait();
  } catch (...) {  // a device that fails now has failed the step before: nothing is left to say
  }
}

}  // namespace nety::cuda
