// The forward pass once more, in double precision and with nothing clever, one token at a time:
// what every backend is compared with.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

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
  std::optional<Tensor> output;
  std::vector<Layer> layers;
};

/// y[r] = sum over c of w[r][c] x[c] + b[r]
inline Values multiply(const Tensor& w, const Values& x, const Tensor* bias = nullptr) {
  Values y(static_cast<size_t>(w.rows()));
  for (size_t r = 0; r < y.size(); ++r) {
    double sum = bias ? bias->values[r] : 0.0;
    for (size_t c = 0; c < x.size(); ++c) sum += w.values[r * x.size() + c] * x[c];
    y[r] = sum;
  }
  return y;
}

/// x / rms(x) * weight
inline Values normalise(const Values& x, const Tensor& weight, double eps) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + eps);
  Values y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * weight.values[i];
  return y;
}

inline void add(Values& to, const Values& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

/// Rotates every head of x [heads * dh] by the angles of `position`.
inline void rotate(Values& x, const checkpoint::ModelConfig& config, int32_t position,
                   int64_t length) {
  const Rotary angles = rotary(config, length);
  const size_t d = static_cast<size_t>(config.head_dim), half = d / 2;
  for (size_t head = 0; head < x.size(); head += d)
    for (size_t i = 0; i < half; ++i) {
      double& a = x[head + (config.rope.interleaved ? 2 * i : i)];
      double& b = x[head + (config.rope.interleaved ? 2 * i + 1 : half + i)];
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
inline Values attend(const checkpoint::ModelConfig& config, const Values& q, const Memory& memory) {
  const size_t d = static_cast<size_t>(config.head_dim), length = memory.keys.size();
  const size_t group = static_cast<size_t>(config.heads / config.kv_heads);
  const size_t window = static_cast<size_t>(config.sliding_window);
  const size_t first = window > 0 && length > window ? length - window : 0;
  Values a(q.size(), 0.0);
  for (size_t head = 0; head * d < q.size(); ++head) {
    const size_t from = head / group * d;
    Values weights(length, 0.0);
    double sum = 0;
    for (size_t j = first; j < length; ++j) {
      double score = 0;
      for (size_t i = 0; i < d; ++i) score += q[head * d + i] * memory.keys[j][from + i];
      sum += weights[j] = std::exp(score / std::sqrt(static_cast<double>(d)));
    }
    for (size_t j = first; j < length; ++j)
      for (size_t i = 0; i < d; ++i)
        a[head * d + i] += weights[j] / sum * memory.values[j][from + i];
  }
  return a;
}

/// A sequence under way: what it has seen, layer by layer.
class Sequence {
 public:
  explicit Sequence(const Weights& weights) : weights_(&weights), layers_(weights.layers.size()) {}

  size_t length() const { return layers_.front().keys.size(); }

  /// Logits [V] after one more token. `length` is that of the sequence after the step in which the
  /// token comes: only dynamic RoPE scaling reads it.
  Values next(int32_t token, int64_t length) {
    const checkpoint::ModelConfig& config = weights_->config;
    const auto row = weights_->embedding.values.begin() + token * config.dim;
    Values x(row, row + config.dim);
    for (size_t i = 0; i < layers_.size(); ++i)
      run_layer(weights_->layers[i], length, layers_[i], x);
    const Tensor& output = weights_->output ? *weights_->output : weights_->embedding;
    return multiply(output, normalise(x, weights_->norm, config.rms_eps));
  }

  void truncate(size_t length) {
    for (Memory& memory : layers_) {
      memory.keys.resize(length);
      memory.values.resize(length);
    }
  }

 private:
  void run_layer(const Layer& layer, int64_t length, Memory& memory, Values& x) const {
    const checkpoint::ModelConfig& config = weights_->config;
    const int32_t position = static_cast<int32_t>(memory.keys.size());
    Values n = normalise(x, layer[Slot::attention_norm], config.rms_eps);
    Values q = multiply(layer[Slot::wq], n, layer.find(Slot::bq)),
           k = multiply(layer[Slot::wk], n, layer.find(Slot::bk));
    rotate(q, config, position, length);
    rotate(k, config, position, length);
    memory.keys.push_back(std::move(k));
    memory.values.push_back(multiply(layer[Slot::wv], n, layer.find(Slot::bv)));
    add(x, multiply(layer[Slot::wo], attend(config, q, memory), layer.find(Slot::bo)));

    n = normalise(x, layer[Slot::mlp_norm], config.rms_eps);
    Values h = multiply(layer[Slot::w_gate], n, layer.find(Slot::b_gate));
    const Values u = multiply(layer[Slot::w_up], n, layer.find(Slot::b_up));
    for (size_t i = 0; i < h.size(); ++i) h[i] = h[i] / (1 + std::exp(-h[i])) * u[i];
    add(x, multiply(layer[Slot::w_down], h, layer.find(Slot::b_down)));
  }

  const Weights* weights_;
  std::vector<Memory> layers_;
};

}  // namespace nety::model::reference
