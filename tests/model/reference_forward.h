// The forward pass once more, in double precision and with nothing clever, one token at a time:
// what every backend is compared with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/half.h"
#include "core/checkpoint/config.h"
#include "core/checkpoint/slot.h"
#include "core/precision/mode.h"
#include "tests/model/reference_rotary.h"

namespace nety::model::reference {

using checkpoint::Slot;
using Values = std::vector<double>;

/// A weight as its mode keeps it, and as the numbers it then stands for.
struct Tensor {
  precision::Matrix stored;
  Values values;  // [rows, cols]
  int64_t rows() const { return stored.view.rows; }
  int64_t cols() const { return stored.view.cols; }
};

/// A layer's weights; those that the model has not are not there.
struct Layer {
  std::map<Slot, Tensor> weights;
  std::vector<Layer> experts;  // w_gate, w_up, w_down and their biases of each
  const Tensor& operator[](Slot slot) const { return weights.at(slot); }
  Tensor& operator[](Slot slot) { return weights[slot]; }
  const Tensor* find(Slot slot) const {
    const auto found = weights.find(slot);
    return found == weights.end() ? nullptr : &found->second;
  }
};

/// A model of random weights. `output` is empty where it is tied to the embedding.
struct Weights {
  checkpoint::ModelConfig config;
  Tensor embedding, norm;
  std::optional<Tensor> norm_bias;
  std::optional<Tensor> output;
  std::vector<Layer> layers;
};

/// How products are made: exact, or by the mode's own scalar function where it rounds activations.
enum class Products : uint8_t { kExact, kOfMode };

/// The arithmetic of a reference: exact, unless it is to round as a backend does.
struct Arithmetic {
  Products products = Products::kExact;
  KvType cache = KvType::kFp32;  ///< What keys and values are rounded to as they are remembered.
};

inline double as_bf16(double value) {
  return double{float_from_bf16(bf16_from_float(static_cast<float>(value)))};
}

/// Codes of 8 bits and an fp16 scale for every 32 values of a head, the last of which may be fewer.
inline void round_to_q8_0(double* values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(values[i]));
  if (largest == 0) return;
  const double unit = largest / 127;
  const double scale = double{float_from_fp16(fp16_from_float(static_cast<float>(unit)))};
  for (size_t i = 0; i < count; ++i) values[i] = std::round(values[i] / unit) * scale;
}

/// Values [heads * head_dim] as a cache remembers them.
inline Values as_cached(Values values, KvType cache, size_t head_dim) {
  if (cache == KvType::kBf16) std::ranges::transform(values, values.begin(), as_bf16);
  if (cache == KvType::kQ8_0)
    for (size_t head = 0; head < values.size(); head += head_dim)
      for (size_t d = 0; d < head_dim; d += 32)
        round_to_q8_0(&values[head + d], std::min<size_t>(32, head_dim - d));
  return values;
}

/// y[r] = sum over c of w[r][c] x[c]
inline Values exact_product(const Tensor& w, const Values& x) {
  Values y(static_cast<size_t>(w.rows()));
  for (size_t r = 0; r < y.size(); ++r) {
    double sum = 0;
    for (size_t c = 0; c < x.size(); ++c) sum += w.values[r * x.size() + c] * x[c];
    y[r] = sum;
  }
  return y;
}

inline Values product_of_mode(const Tensor& w, const Values& x) {
  const std::vector<float> in(x.begin(), x.end());
  std::vector<float> y(static_cast<size_t>(w.rows()));
  const precision::MatrixView& view = w.stored.view;
  precision::mode(view.mode).functions->multiply(view, in.data(), y.data(), 0, view.rows);
  return {y.begin(), y.end()};
}

/// y[r] = sum over c of w[r][c] x[c] + b[r]
inline Values multiply(Products products, const Tensor& w, const Values& x,
                       const Tensor* bias = nullptr) {
  const bool rounded = precision::mode(w.stored.view.mode).activation != "fp32";
  Values y = products == Products::kOfMode && rounded ? product_of_mode(w, x) : exact_product(w, x);
  for (size_t r = 0; bias != nullptr && r < y.size(); ++r) y[r] += bias->values[r];
  return y;
}

/// x / rms(x) * weight, or (x - mean) / deviation * weight + bias, over each run of the weight's
/// length; x as it is without a weight.
inline Values normalise(const checkpoint::ModelConfig& config, bool by_mean, const Values& x,
                        const Tensor* weight, const Tensor* bias = nullptr) {
  if (weight == nullptr) return x;
  const size_t width = weight->values.size();
  Values y(x.size());
  for (size_t from = 0; from < x.size(); from += width) {
    double mean = 0, squares = 0;
    for (size_t i = 0; by_mean && i < width; ++i) mean += x[from + i] / static_cast<double>(width);
    for (size_t i = 0; i < width; ++i) squares += (x[from + i] - mean) * (x[from + i] - mean);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + config.rms_eps);
    for (size_t i = 0; i < width; ++i)
      y[from + i] = (x[from + i] - mean) * scale * weight->values[i] +
                    (bias == nullptr ? 0 : bias->values[i]);
  }
  return y;
}

inline double capped(double value, double cap) {
  return cap > 0 ? cap * std::tanh(value / cap) : value;
}

inline void add(Values& to, const Values& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

/// Rotates every head of x [heads * dh] by the angles of `position`.
inline void rotate(Values& x, const checkpoint::ModelConfig& config,
                   const checkpoint::LayerSpec& spec, int32_t position, int64_t length) {
  if (spec.rotary == checkpoint::Rotary::kNone) return;
  const bool main = spec.rotary == checkpoint::Rotary::kMain;
  const checkpoint::Rope& rope = main ? config.rope : config.local_rope;
  const Rotary angles = rotary(config, rope, length);
  const size_t d = static_cast<size_t>(config.head_dim), half = angles.speeds.size();
  for (size_t head = 0; head < x.size(); head += d)
    for (size_t i = 0; i < half; ++i) {
      double& a = x[head + (rope.interleaved ? 2 * i : i)];
      double& b = x[head + (rope.interleaved ? 2 * i + 1 : half + i)];
      const double angle = position * angles.speeds[i];
      const double c = std::cos(angle) * angles.magnitude, s = std::sin(angle) * angles.magnitude;
      const double a0 = a, b0 = b;
      a = a0 * c - b0 * s;
      b = b0 * c + a0 * s;
    }
}

/// Keys and values of one layer, a row per position.
struct Memory {
  std::vector<Values> keys, values;
};

/// Attention of the last position over all that `memory` holds.
inline Values attend(const checkpoint::ModelConfig& config, const checkpoint::LayerSpec& spec,
                     const Values& q, const Memory& memory, const Tensor* sinks) {
  const size_t d = static_cast<size_t>(config.head_dim), length = memory.keys.size();
  const size_t group = static_cast<size_t>(config.heads / config.kv_heads);
  const size_t window = static_cast<size_t>(spec.window);
  const size_t first = window > 0 && length > window ? length - window : 0;
  const double scale =
      spec.score_scale == 0 ? 1 / std::sqrt(static_cast<double>(d)) : spec.score_scale;
  Values a(q.size(), 0.0);
  for (size_t head = 0; head * d < q.size(); ++head) {
    const size_t from = head / group * d;
    Values weights(length, 0.0);
    const double sink =
        sinks == nullptr ? -std::numeric_limits<double>::infinity() : sinks->values[head];
    double largest = sink;
    for (size_t j = first; j < length; ++j) {
      double score = 0;
      for (size_t i = 0; i < d; ++i) score += q[head * d + i] * memory.keys[j][from + i];
      weights[j] = capped(score * scale, spec.score_cap);
      largest = std::max(largest, weights[j]);
    }
    double sum = std::exp(sink - largest);
    for (size_t j = first; j < length; ++j) sum += weights[j] = std::exp(weights[j] - largest);
    for (size_t j = first; j < length; ++j)
      for (size_t i = 0; i < d; ++i)
        a[head * d + i] += weights[j] / sum * memory.values[j][from + i];
  }
  return a;
}

/// Two experts of a token in a layer, by their ranks: `out` was chosen, `in` was not.
struct ExpertPair {
  size_t layer, out, in;
  /// What `out` has more, as a share of the size that scores have: of what rounding the token's
  /// activations by that share might turn around.
  double margin;
};

/// By layer, the rank of a chosen expert that gives its place to the one of another rank.
using Swaps = std::map<size_t, std::pair<size_t, size_t>>;

/// The size of scores of inputs like this one: the rows' length times the inputs' RMS.
inline double score_size(const Tensor& router, const Values& n) {
  double rows = 0, inputs = 0;
  for (const double w : router.values) rows += w * w / static_cast<double>(router.rows());
  for (const double x : n) inputs += x * x / static_cast<double>(n.size());
  return std::sqrt(rows * inputs);
}

/// A sequence under way: what it has seen, layer by layer.
class Sequence {
 public:
  explicit Sequence(const Weights& weights, const Arithmetic& arithmetic = {})
      : weights_(&weights), arithmetic_(arithmetic), layers_(weights.layers.size()) {}

  size_t length() const { return layers_.front().keys.size(); }

  /// Logits [V] after one more token. `length` is that of the sequence after the step in which the
  /// token comes: only dynamic RoPE scaling and longrope read it. `swaps` are of this token alone.
  Values next(int32_t token, int64_t length, const Swaps& swaps = {}) {
    const checkpoint::ModelConfig& config = weights_->config;
    swaps_ = &swaps;
    pairs_.clear();
    const auto row = weights_->embedding.values.begin() + token * config.dim;
    Values x(row, row + config.dim);
    for (double& value : x) value *= config.embedding_scale;
    for (layer_ = 0; layer_ < layers_.size(); ++layer_)
      run_layer(weights_->layers[layer_], config.spec(static_cast<int64_t>(layer_)), length,
                layers_[layer_], x);
    const Tensor& output = weights_->output ? *weights_->output : weights_->embedding;
    const Tensor* bias = weights_->norm_bias ? &*weights_->norm_bias : nullptr;
    Values logits =
        product(output, normalise(config, config.layer_norms, x, &weights_->norm, bias));
    for (double& logit : logits) logit = capped(logit * config.logit_scale, config.logit_cap);
    return logits;
  }

  /// The least that a chosen expert's score was above that of one that was not: where it is small,
  /// a backend may choose another, and everything after that differs.
  double near_tie() const { return near_tie_; }

  /// The pairs of the last token's experts whose margin is below `nearness`.
  std::vector<ExpertPair> close_pairs(double nearness) const {
    std::vector<ExpertPair> close = pairs_;
    std::erase_if(close, [&](const ExpertPair& pair) { return pair.margin >= nearness; });
    return close;
  }

  void truncate(size_t length) {
    for (Memory& memory : layers_) {
      memory.keys.resize(length);
      memory.values.resize(length);
    }
  }

 private:
  Values product(const Tensor& w, const Values& x, const Tensor* bias = nullptr) const {
    return multiply(arithmetic_.products, w, x, bias);
  }

  Values normal(const Values& x, const Layer& layer, Slot weight, Slot bias) const {
    const checkpoint::ModelConfig& config = weights_->config;
    return normalise(config, config.layer_norms, x, layer.find(weight), layer.find(bias));
  }

  void run_layer(const Layer& layer, const checkpoint::LayerSpec& spec, int64_t length,
                 Memory& memory, Values& x) {
    const Values attended = attention(layer, spec, length, memory, x);
    if (spec.parallel) {
      const Values fed = feed_forward(layer, spec, Slot::attention_norm, x);
      add_block(layer.find(Slot::attention_post_norm), spec, attended, x);
      add_block(layer.find(Slot::mlp_post_norm), spec, fed, x);
      return;
    }
    add_block(layer.find(Slot::attention_post_norm), spec, attended, x);
    add_block(layer.find(Slot::mlp_post_norm), spec, feed_forward(layer, spec, Slot::mlp_norm, x),
              x);
  }

  void add_block(const Tensor* norm, const checkpoint::LayerSpec& spec, const Values& block,
                 Values& x) const {
    Values y = normalise(weights_->config, false, block, norm);
    for (double& value : y) value *= spec.residual_scale;
    add(x, y);
  }

  Values attention(const Layer& layer, const checkpoint::LayerSpec& spec, int64_t length,
                   Memory& memory, const Values& x) const {
    const checkpoint::ModelConfig& config = weights_->config;
    const int32_t position = static_cast<int32_t>(memory.keys.size());
    const Values n = normal(x, layer, Slot::attention_norm, Slot::attention_norm_bias);
    Values q = normalise(config, false, product(layer[Slot::wq], n, layer.find(Slot::bq)),
                         layer.find(Slot::q_norm));
    Values k = normalise(config, false, product(layer[Slot::wk], n, layer.find(Slot::bk)),
                         layer.find(Slot::k_norm));
    rotate(q, config, spec, position, length);
    rotate(k, config, spec, position, length);
    for (double& value : q)
      value *=
          1 + spec.query_growth * std::log(1 + std::floor(static_cast<double>(position) /
                                                          static_cast<double>(spec.query_period)));
    Values v = product(layer[Slot::wv], n, layer.find(Slot::bv));
    const auto width = static_cast<size_t>(config.head_dim);
    memory.keys.push_back(as_cached(std::move(k), arithmetic_.cache, width));
    memory.values.push_back(as_cached(std::move(v), arithmetic_.cache, width));
    return product(layer[Slot::wo], attend(config, spec, q, memory, layer.find(Slot::sinks)),
                   layer.find(Slot::bo));
  }

  static double activation(const checkpoint::LayerSpec& spec, double x) {
    if (spec.nonlinearity == checkpoint::Nonlinearity::kSilu) return x / (1 + std::exp(-x));
    const double z = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
    return x / 2 * (1 + std::tanh(z));
  }

  Values feed_forward(const Layer& layer, const checkpoint::LayerSpec& spec, Slot norm,
                      const Values& x) {
    const Slot bias = norm == Slot::mlp_norm ? Slot::mlp_norm_bias : Slot::attention_norm_bias;
    const Values n = normal(x, layer, norm, bias);
    return spec.is_mixture() ? mixture(layer, spec, n) : network(layer, spec, n);
  }

  Values network(const Layer& layer, const checkpoint::LayerSpec& spec, const Values& n) const {
    Values h = product(layer[Slot::w_up], n, layer.find(Slot::b_up));
    if (spec.gated) {
      const Values g = product(layer[Slot::w_gate], n, layer.find(Slot::b_gate));
      for (size_t i = 0; i < h.size(); ++i) h[i] = gated(spec, g[i], h[i]);
    } else {
      for (double& value : h) value = activation(spec, value);
    }
    return product(layer[Slot::w_down], h, layer.find(Slot::b_down));
  }

  static double gated(const checkpoint::LayerSpec& spec, double g, double u) {
    if (spec.nonlinearity != checkpoint::Nonlinearity::kClampedSilu) return activation(spec, g) * u;
    g = std::min(g, spec.clamp);
    return g / (1 + std::exp(-1.702 * g)) * (std::clamp(u, -spec.clamp, spec.clamp) + 1);
  }

  Values mixture(const Layer& layer, const checkpoint::LayerSpec& spec, const Values& n) {
    const auto chosen = static_cast<size_t>(spec.mixture.chosen);
    const Values scores = product(layer[Slot::router], n, layer.find(Slot::router_bias));
    std::vector<size_t> order(scores.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    if (chosen < order.size())
      near_tie_ = std::min(near_tie_, scores[order[chosen - 1]] - scores[order[chosen]]);
    const double size = score_size(layer[Slot::router], n);
    for (size_t out = 0; out < chosen; ++out)
      for (size_t in = chosen; in < order.size(); ++in)
        pairs_.push_back({layer_, out, in, (scores[order[out]] - scores[order[in]]) / size});
    if (const auto swap = swaps_->find(layer_); swap != swaps_->end())
      std::swap(order[swap->second.first], order[swap->second.second]);
    const bool of_chosen = spec.mixture.gating != checkpoint::Gating::kSoftmax;
    double sum = 0;
    for (size_t i = 0; i < (of_chosen ? chosen : order.size()); ++i)
      sum += std::exp(scores[order[i]] - scores[order[0]]);
    Values y(n.size(), 0.0);
    for (size_t i = 0; i < chosen; ++i) {
      const Values part = network(layer.experts[order[i]], spec, n);
      for (size_t d = 0; d < y.size(); ++d)
        y[d] += std::exp(scores[order[i]] - scores[order[0]]) / sum * part[d];
    }
    return y;
  }

  const Weights* weights_;
  Arithmetic arithmetic_;
  std::vector<Memory> layers_;
  double near_tie_ = std::numeric_limits<double>::infinity();
  // Of the last token:
  size_t layer_ = 0;
  const Swaps* swaps_ = nullptr;
  std::vector<ExpertPair> pairs_;
};

}  // namespace nety::model::reference
