// Tiny models of seeded random weights, in any mode: made by the mode where it can be, else blocks
// of random bits as a GGUF file could hold them.
#pragma once

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "tests/model/reference_forward.h"

namespace nety::model::reference {

/// Random weights of a shape, its matrices in one mode.
class RandomModel {
 public:
  RandomModel(const checkpoint::ModelConfig& config, precision::ModeId mode)
      : mode_(mode), random_(20240607) {
    weights_.config = config;
    const int64_t d = config.dim, q = config.heads * config.head_dim,
                  kv = config.kv_heads * config.head_dim, f = config.ffn_dim;
    weights_.embedding = matrix(config.vocab, d, 1.0);
    for (int64_t i = 0; i < config.layers; ++i) {
      const checkpoint::LayerSpec& spec = config.spec(i);
      Layer& layer = weights_.layers.emplace_back();
      if (spec.norm_before) layer[Slot::attention_norm] = vector(d, 1);
      if (spec.norm_before && !spec.parallel) layer[Slot::mlp_norm] = vector(d, 1);
      layer[Slot::wq] = matrix(q, d, 1.5), layer[Slot::wk] = matrix(kv, d, 1.5),
      layer[Slot::wv] = matrix(kv, d, 1.0);
      layer[Slot::wo] = matrix(d, q, 1.0);
      if (!spec.is_mixture()) {
        layer[Slot::w_down] = matrix(d, f, 1.0);
        if (spec.gated) layer[Slot::w_gate] = matrix(f, d, 1.0);
        layer[Slot::w_up] = matrix(f, d, 1.0);
      }
      if (config.qkv_bias && config.o_bias) {
        layer[Slot::bq] = vector(q, 0), layer[Slot::bk] = vector(kv, 0),
        layer[Slot::bv] = vector(kv, 0);
        layer[Slot::bo] = vector(d, 0);
      }
      if (spec.sinks) layer[Slot::sinks] = vector(config.heads, 1);
      if (spec.is_mixture()) add_experts(spec.mixture, layer);
      const bool biased = config.mlp_bias && !spec.is_mixture();
      if (biased && spec.gated) layer[Slot::b_gate] = vector(f, 0);
      if (biased) layer[Slot::b_up] = vector(f, 0), layer[Slot::b_down] = vector(d, 0);
      add_norms(spec, layer);
    }
    weights_.norm = vector(d, 1);
    if (config.norm_biases) weights_.norm_bias = vector(d, 0);
    if (!config.tied_embeddings) weights_.output = matrix(config.vocab, d, 1.0);
  }

  const Weights& weights() const { return weights_; }

 private:
  /// Scores that differ much, so that another rounding seldom means another choice; where a token
  /// has all experts, as other products do.
  void add_experts(const checkpoint::Mixture& mixture, Layer& layer) {
    const int64_t d = weights_.config.dim, f = mixture.ffn_dim;
    const precision::ModeId mode = std::exchange(mode_, precision::ModeId::fp32);
    layer[Slot::router] = matrix(mixture.experts, d, mixture.chosen < mixture.experts ? 4.0 : 1.0);
    mode_ = mode;
    if (mixture.biased) layer[Slot::router_bias] = vector(mixture.experts, 0);
    for (int64_t e = 0; e < mixture.experts; ++e) {
      Layer& expert = layer.experts.emplace_back();
      expert[Slot::w_gate] = matrix(f, d, 1.0), expert[Slot::w_up] = matrix(f, d, 1.0);
      expert[Slot::w_down] = matrix(d, f, 1.0);
      if (!mixture.biased) continue;
      expert[Slot::b_gate] = vector(f, 0), expert[Slot::b_up] = vector(f, 0);
      expert[Slot::b_down] = vector(d, 0);
    }
  }

  /// Those that few families have.
  void add_norms(const checkpoint::LayerSpec& spec, Layer& layer) {
    const checkpoint::ModelConfig& config = weights_.config;
    const int64_t d = config.dim;
    if (spec.head_norm != checkpoint::HeadNorm::kNone) {
      const bool whole = spec.head_norm == checkpoint::HeadNorm::kRow;
      layer[Slot::q_norm] = vector((whole ? config.heads : 1) * config.head_dim, 1);
      layer[Slot::k_norm] = vector((whole ? config.kv_heads : 1) * config.head_dim, 1);
    }
    if (spec.norm_after)
      layer[Slot::attention_post_norm] = vector(d, 1), layer[Slot::mlp_post_norm] = vector(d, 1);
    if (!config.norm_biases || !spec.norm_before) return;
    layer[Slot::attention_norm_bias] = vector(d, 0);
    if (!spec.parallel) layer[Slot::mlp_norm_bias] = vector(d, 0);
  }

  float uniform() { return static_cast<float>(random_() >> 8) * 0x1p-23F - 1; }

  static Tensor with_values(precision::Matrix stored) {
    const precision::MatrixView& view = stored.view;
    Tensor tensor;
    std::vector<float> row(static_cast<size_t>(view.cols));
    for (int64_t r = 0; r < view.rows; ++r) {
      precision::mode(view.mode).functions->dequantise(view, r, row.data());
      tensor.values.insert(tensor.values.end(), row.begin(), row.end());
    }
    tensor.stored = std::move(stored);
    return tensor;
  }

  /// Root mean square 1/sqrt(cols) times `gain`, so that products keep the size of their inputs.
  Tensor matrix(int64_t rows, int64_t cols, double gain) {
    const float rms = static_cast<float>(gain / std::sqrt(static_cast<double>(cols)));
    if (precision::mode(mode_).kind == precision::ModeKind::kStored)
      return with_values(random_blocks(rows, cols, rms));
    std::vector<float> values(static_cast<size_t>(rows * cols));
    for (float& value : values) value = uniform() * rms * 1.732F;
    return with_values(precision::quantise(mode_, values.data(), rows, cols));
  }

  precision::Matrix random_blocks(int64_t rows, int64_t cols, float rms) {
    precision::Matrix matrix;
    matrix.codes.resize(precision::mode(mode_).functions->bytes(rows, cols));
    for (std::byte& byte : matrix.codes) byte = random_codes();
    matrix.view = {.mode = mode_, .rows = rows, .cols = cols, .codes = matrix.codes.data()};
    const std::mt19937 start = random_;
    set_scales(matrix.codes, 0.01F);
    double squares = 0;
    const Tensor first = with_values(matrix);
    for (const double value : first.values) squares += value * value;
    const double found = std::sqrt(squares / static_cast<double>(first.values.size()));
    random_ = start;
    set_scales(matrix.codes, 0.01F * rms / static_cast<float>(found));
    return matrix;
  }

  /// Any byte is codes of any format but tq2_0, whose files have three of its four values.
  std::byte random_codes() {
    const auto byte = static_cast<uint8_t>(random_() >> 13);
    if (mode_ != precision::ModeId::tq2_0) return std::byte{byte};
    return static_cast<std::byte>(byte & ~(byte << 1 & byte & 0xAA));
  }

  void set_scales(std::vector<std::byte>& codes, float scale) {
    const precision::ModeFunctions& functions = *precision::mode(mode_).functions;
    const size_t bytes = functions.bytes(1, functions.group);
    for (size_t block = 0; block < codes.size(); block += bytes)
      functions.set_scale(&codes[block], scale * (1 + 0.5F * uniform()));
  }

  /// A norm around 1 or a bias around 0: fp32 whatever the mode.
  Tensor vector(int64_t size, float centre) {
    std::vector<float> values(static_cast<size_t>(size));
    for (float& value : values) value = centre + 0.3F * uniform();
    return with_values(precision::quantise(precision::ModeId::fp32, values.data(), 1, size));
  }

  precision::ModeId mode_;
  std::mt19937 random_;
  Weights weights_;
};

}  // namespace nety::model::reference
