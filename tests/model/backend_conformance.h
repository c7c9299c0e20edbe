// What any backend must compute: forward() on random tiny models of every shape, compared with the
// double-precision reference. A backend's test program includes this once and instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Native, BackendConformance,
//                            ::testing::ValuesIn(conformance_params(make_native, modes)),
//                            param_name);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "core/model/forward.h"
#include "tests/model/random_model.h"
#include "tests/model/reference_forward.h"

namespace nety::model {

using BackendFactory = std::function<std::unique_ptr<Backend>(const BackendOptions&)>;

/// How far logits may be from the reference, as a share of their root mean square: the policy by
/// what the mode does to activations. Weights are compared as the mode stores them, so exactly.
struct Tolerances {
  double fp32 = 5e-5;     ///< fp32 activations: only the order of sums differs.
  double fp16 = 5e-5;     ///< fp16 weights; backends that round activations too set 2e-2.
  double rounded = 0.15;  ///< Activations in bf16 or int8.
  double kv_bf16 = 0.10;  ///< Cached keys and values in bf16.
  double kv_q8_0 = 0.10;  ///< The same in q8_0: half of a 127th of the largest of 32.
};

inline double tolerance_of(precision::ModeId mode, const Tolerances& tolerances) {
  if (mode == precision::ModeId::fp16) return tolerances.fp16;
  return precision::mode(mode).activation == "fp32" ? tolerances.fp32 : tolerances.rounded;
}

/// A model shape with something special about it.
struct Shape {
  std::string name;
  checkpoint::ModelConfig config;
};

inline checkpoint::ModelConfig tiny_config() {
  checkpoint::ModelConfig config;
  config.architecture = "llama";
  config.dim = 64;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 16;
  config.ffn_dim = 96;
  config.vocab = 51;
  config.context = 64;
  return config;
}

/// Specs of two layers that differ: a window and the local rotary embedding in the first.
inline void make_local(checkpoint::ModelConfig& config, checkpoint::Rotary first,
                       checkpoint::Rotary second) {
  config.local_rope.theta = 500;
  config.specs.assign(2, config.specs.front());
  config.specs[0].window = 5;
  config.specs[0].rotary = first;
  config.specs[1].rotary = second;
}

/// Mixtures of experts: each way to choose, dense layers among them, and gpt-oss's.
template <class Add>
void add_mixtures(const Add& shape) {
  using namespace checkpoint;
  const auto mixture = [&](const char* name, const Mixture& of) -> ModelConfig& {
    ModelConfig& config = shape(name);
    config.specs.front().mixture = of;
    return config;
  };
  mixture("experts",
          {.experts = 6, .chosen = 2, .ffn_dim = 32, .gating = Gating::kSoftmaxRenormalised});
  ModelConfig& mixed = mixture("experts_not_renormalised",
                               {.experts = 5, .chosen = 3, .ffn_dim = 48, .biased = true});
  mixed.specs.front().norm_after = true;
  mixed.specs.assign(2, mixed.specs.front());
  mixed.specs[1].mixture = {};
  ModelConfig& sinks = mixture("experts_and_sinks", {.experts = 4,
                                                     .chosen = 2,
                                                     .ffn_dim = 64,
                                                     .gating = Gating::kSoftmaxOfChosen,
                                                     .biased = true});
  LayerSpec& spec = sinks.specs.front();
  spec.sinks = true, spec.nonlinearity = Nonlinearity::kClampedSilu, spec.clamp = 0.8;
  spec.window = 5, spec.residual_scale = 0.5;
  sinks.qkv_bias = sinks.o_bias = true;
  // For all modes: a token has all experts, so that rounding cannot change the choice.
  ModelConfig& wide = mixture("experts_wide", {.experts = 3, .chosen = 3, .ffn_dim = 256});
  wide.dim = 256, wide.heads = 8, wide.kv_heads = 2, wide.head_dim = 32, wide.ffn_dim = 512;
}

/// What families do to a layer, one or a few at a time.
template <class Add>
void add_shapes_of_families(const Add& shape) {
  using namespace checkpoint;
  const auto spec = [&](const char* name) -> LayerSpec& { return shape(name).specs.front(); };
  spec("norms_of_heads").head_norm = HeadNorm::kHead;
  LayerSpec& after = spec("norms_after_alone");
  after.head_norm = HeadNorm::kRow, after.norm_before = false, after.norm_after = true;
  LayerSpec& sandwich = spec("norms_before_and_after");
  sandwich.norm_after = true, sandwich.residual_scale = 0.6;
  spec("gelu").nonlinearity = Nonlinearity::kGeluTanh;
  ModelConfig& capped = shape("soft_caps");
  capped.specs.front().score_cap = 1.5, capped.specs.front().score_scale = 0.4;
  capped.logit_cap = 2;
  ModelConfig& scaled = shape("multipliers");
  scaled.embedding_scale = 3, scaled.logit_scale = 0.25;
  scaled.specs.front().residual_scale = 0.22, scaled.specs.front().score_scale = 0.05;
  ModelConfig& local = shape("two_rotary_embeddings");
  make_local(local, Rotary::kLocal, Rotary::kMain);
  local.rope.scaling = RopeScaling::kLinear, local.rope.factor = 4;
  ModelConfig& without = shape("a_layer_without_positions");
  make_local(without, Rotary::kMain, Rotary::kNone);
  shape("rotated_in_part").rope.rotated = 6;
  Rope& pairs = shape("rotated_in_part_by_pairs").rope;
  pairs.rotated = 8, pairs.interleaved = true;
  Rope& longrope = shape("longrope").rope;
  longrope.scaling = RopeScaling::kLongrope, longrope.original_context = 16, longrope.factor = 4;
  longrope.rotated = 8;
  longrope.short_factors = {1, 1.1F, 1.3F, 1.6F}, longrope.long_factors = {2, 3, 4, 6};
  LayerSpec& growing = spec("queries_that_grow");
  growing.query_growth = 0.3, growing.query_period = 4;
  ModelConfig& parallel = shape("parallel_blocks");
  parallel.layer_norms = true, parallel.specs.front().parallel = true;
  ModelConfig& plain = shape("no_gate_and_biases_everywhere");
  plain.layer_norms = plain.norm_biases = true;
  plain.qkv_bias = plain.o_bias = plain.mlp_bias = true;
  plain.specs.front().gated = false;
  plain.specs.front().nonlinearity = Nonlinearity::kGeluTanh;
  add_mixtures(shape);
  ModelConfig& gemma = shape("all_at_once");
  gemma.dim = 256, gemma.heads = 8, gemma.kv_heads = 2, gemma.head_dim = 32, gemma.ffn_dim = 512;
  gemma.embedding_scale = 16, gemma.specs.front().norm_after = true;
  gemma.specs.front().head_norm = HeadNorm::kHead;
  gemma.specs.front().nonlinearity = Nonlinearity::kGeluTanh;
  make_local(gemma, Rotary::kLocal, Rotary::kMain);
}

/// A shape of two layers whose specs are drawn at random, with everything that any family has.
inline checkpoint::ModelConfig drawn_shape(uint32_t seed) {
  using namespace checkpoint;
  std::mt19937 random(seed);
  const auto one_of = [&](uint32_t count) { return static_cast<int64_t>(random() % count); };
  const auto coin = [&] { return one_of(2) == 1; };
  ModelConfig config = tiny_config();
  config.kv_heads = coin() ? 1 : 2;
  config.heads = config.kv_heads * (1 + one_of(3));
  config.head_dim = coin() ? 16 : 8;
  config.tied_embeddings = coin();
  config.layer_norms = coin();
  config.norm_biases = config.layer_norms && coin();
  config.qkv_bias = config.o_bias = coin();
  config.mlp_bias = coin();
  config.embedding_scale = coin() ? 4 : 1;
  config.logit_scale = coin() ? 0.5 : 1;
  config.logit_cap = coin() ? 3 : 0;
  config.rope.rotated = coin() ? 4 : 0;
  config.rope.interleaved = coin();
  config.local_rope.theta = 200;
  LayerSpec& every = config.specs.front();
  every.head_norm = static_cast<HeadNorm>(one_of(3));
  every.score_scale = coin() ? 0.3 : 0;
  every.score_cap = coin() ? 2 : 0;
  every.query_growth = coin() ? 0.2 : 0, every.query_period = 3;
  every.nonlinearity = static_cast<Nonlinearity>(one_of(2));
  every.gated = coin() || every.nonlinearity == Nonlinearity::kSilu;
  every.norm_after = !config.layer_norms && coin();
  every.norm_before = !every.norm_after || coin();
  every.parallel = every.norm_before && coin();
  every.residual_scale = coin() ? 0.5 : 1;
  config.specs.assign(2, every);
  for (LayerSpec& spec : config.specs) {
    spec.window = coin() ? 4 + one_of(4) : 0;
    spec.rotary = static_cast<Rotary>(one_of(3));
  }
  for (LayerSpec& spec : config.specs) {
    spec.sinks = coin();
    if (spec.parallel || coin()) continue;
    spec.mixture.experts = 2 + one_of(6);
    spec.mixture.chosen = 1 + one_of(static_cast<uint32_t>(spec.mixture.experts));
    spec.mixture.ffn_dim = coin() ? 32 : 40;
    spec.mixture.gating = static_cast<Gating>(one_of(3));
    spec.mixture.biased = coin();
    spec.gated = true;
    if (coin()) spec.nonlinearity = Nonlinearity::kClampedSilu, spec.clamp = 0.7;
  }
  return config;
}

inline std::vector<Shape> conformance_shapes() {
  using checkpoint::RopeScaling;
  std::vector<Shape> shapes;
  const auto shape = [&](const char* name) -> checkpoint::ModelConfig& {
    return shapes.emplace_back(Shape{name, tiny_config()}).config;
  };
  shape("grouped_queries");
  shape("tied").tied_embeddings = true;
  checkpoint::ModelConfig& odd = shape("one_kv_head_of_odd_width");
  odd.dim = 60, odd.heads = 6, odd.kv_heads = 1, odd.head_dim = 22, odd.ffn_dim = 77;
  checkpoint::ModelConfig& biased = shape("biases");
  biased.qkv_bias = biased.o_bias = biased.mlp_bias = true;
  checkpoint::ModelConfig& window = shape("sliding_window");
  window.architecture = "mistral";
  window.specs.front().window = 5;
  shape("interleaved").rope.interleaved = true;
  add_shapes_of_families(shape);
  for (uint32_t seed = 1; seed <= 18; ++seed)
    shapes.push_back({"drawn_" + std::to_string(seed), drawn_shape(seed)});
  checkpoint::Rope& linear = shape("linear").rope;
  linear.scaling = RopeScaling::kLinear, linear.factor = 4;
  shape("frequency_factors").rope.frequency_factors = {1, 1, 1.5F, 2, 4, 4, 8, 8};
  checkpoint::Rope& yarn = shape("yarn").rope;
  yarn.scaling = RopeScaling::kYarn, yarn.factor = 4, yarn.original_context = 16;
  checkpoint::Rope& llama3 = shape("llama3").rope;
  llama3.scaling = RopeScaling::kLlama3, llama3.factor = 8, llama3.original_context = 32;
  checkpoint::ModelConfig& dynamic = shape("dynamic");
  dynamic.rope.scaling = RopeScaling::kDynamic, dynamic.rope.factor = 2, dynamic.context = 8;
  checkpoint::ModelConfig& wide = shape("wide");  // whole groups of every GGUF format
  wide.dim = 256, wide.heads = 8, wide.kv_heads = 2, wide.head_dim = 32, wide.ffn_dim = 512;
  return shapes;
}

/// Whether every matrix of the shape is made of whole groups of the mode.
inline bool fits(const checkpoint::ModelConfig& config, precision::ModeId mode) {
  const int32_t group = precision::mode(mode).functions->group;
  const bool experts = !config.any_layer(
      [&](const checkpoint::LayerSpec& spec) { return spec.mixture.ffn_dim % group != 0; });
  return experts && config.dim % group == 0 && config.ffn_dim % group == 0 &&
         config.heads * config.head_dim % group == 0;
}

/// The same weights as the backend prepares them.
inline Model prepared(const reference::Weights& weights, Backend& backend) {
  const auto prepare = [&](const reference::Tensor& tensor) {
    return backend.prepare(tensor.stored.view, tensor.stored.view.mode, WeightUse::kMatrix);
  };
  const auto maybe = [&](const std::optional<reference::Tensor>& tensor) {
    return tensor ? prepare(*tensor) : nullptr;
  };
  Model model;
  model.config = weights.config;
  const precision::MatrixView& table = weights.embedding.stored.view;
  model.embedding =
      backend.prepare(table, table.mode, weights.output ? WeightUse::kTable : WeightUse::kTied);
  model.norm = prepare(weights.norm);
  model.norm_bias = maybe(weights.norm_bias);
  model.output = maybe(weights.output);
  for (const reference::Layer& from : weights.layers) {
    LayerWeights to;
    for (const auto& [slot, tensor] : from.weights) to[slot] = prepare(tensor);
    for (const reference::Layer& expert : from.experts) {
      ExpertWeights& weights_of = to.experts.emplace_back();
      for (const auto& [slot, tensor] : expert.weights) weights_of[slot] = prepare(tensor);
    }
    model.layers.push_back(std::move(to));
  }
  return model;
}

/// What a backend makes of a row of weights before it multiplies, where that is not the mode's.
using RowChange = reference::Values (*)(const reference::Values& row);

/// One backend, one shape, one mode.
struct ConformanceParam {
  BackendFactory make;
  Shape shape;
  precision::ModeId mode;
  Tolerances tolerances;
  RowChange change = nullptr;
};

/// The weights with every matrix that is multiplied with changed by rows; the stored ones stay.
inline reference::Weights changed(reference::Weights weights, RowChange change) {
  if (change == nullptr) return weights;
  const auto apply = [&](reference::Tensor& tensor) {
    for (auto row = tensor.values.begin(); row != tensor.values.end(); row += tensor.cols())
      std::ranges::copy(change({row, row + tensor.cols()}), row);
  };
  const auto apply_to = [&](reference::Layer& layer) {
    for (auto& [slot, tensor] : layer.weights)
      if (tensor.rows() > 1 && slot != Slot::router) apply(tensor);
  };
  for (reference::Layer& layer : weights.layers) {
    apply_to(layer);
    for (reference::Layer& expert : layer.experts) apply_to(expert);
  }
  if (weights.output) apply(*weights.output);
  return weights;
}

/// Every shape in fp32 if it is among `modes`, the other modes in the shapes that show most.
inline std::vector<ConformanceParam> conformance_params(const BackendFactory& make,
                                                        const std::vector<precision::ModeId>& modes,
                                                        const Tolerances& tolerances = {},
                                                        RowChange change = nullptr) {
  std::vector<ConformanceParam> params;
  for (const Shape& shape : conformance_shapes())
    for (const precision::ModeId mode : modes) {
      const bool telling = mode == precision::ModeId::fp32 || shape.name == "biases" ||
                           shape.name == "wide" || shape.name == "all_at_once" ||
                           shape.name == "experts_wide" || shape.name == "one_kv_head_of_odd_width";
      if (telling && fits(shape.config, mode))
        params.push_back({make, shape, mode, tolerances, change});
    }
  return params;
}

inline void PrintTo(const ConformanceParam& param, std::ostream* out) {
  *out << param.shape.name << " in " << precision::mode(param.mode).name;
}

inline std::string param_name(const ::testing::TestParamInfo<ConformanceParam>& info) {
  std::string name =
      std::string(precision::mode(info.param.mode).name) + "_" + info.param.shape.name;
  std::ranges::replace(name, '-', '_');
  return name;
}

class BackendConformance : public ::testing::TestWithParam<ConformanceParam> {
 protected:
  static constexpr int64_t kTokens = 24, kCacheContext = 40, kSequences = 3;
  /// Below this difference of two experts' scores, fp32 may choose either.
  static constexpr double kNearTie = 1e-4;

  /// A run of tokens of one sequence inside a step.
  struct Piece {
    int32_t sequence;
    std::vector<int32_t> tokens;
  };

  BackendConformance()
      : random_model_(GetParam().shape.config, GetParam().mode),
        reference_weights_(changed(random_model_.weights(), GetParam().change)),
        backend_(GetParam().make(BackendOptions{.threads = 2, .isa = {}, .device = {}})),
        model_(prepared(random_model_.weights(), *backend_)) {
    workspace_ = backend_->make_workspace(config(), whole_shape(config()),
                                          {.context = kCacheContext,
                                           .tokens = kTokens * kSequences,
                                           .logit_rows = kTokens * kSequences});
    make_cache(KvType::kFp32);
    std::mt19937 random(7);
    for (std::vector<int32_t>& text : texts_)
      for (int64_t i = 0; i < kTokens; ++i)
        text.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(config().vocab)));
  }

  const checkpoint::ModelConfig& config() const { return GetParam().shape.config; }

  void make_cache(KvType type) {
    cache_ = backend_->make_cache({.layers = config().layers,
                                   .kv_heads = config().kv_heads,
                                   .head_dim = config().head_dim,
                                   .context = kCacheContext,
                                   .sequences = kSequences,
                                   .type = type});
    references_.assign(kSequences, reference::Sequence(reference_weights_));
  }

  /// Runs one step over rows (sequence, token), with logits of `wanted` rows, and compares them.
  void step(const std::vector<std::pair<int32_t, int32_t>>& rows, std::vector<int32_t> wanted) {
    std::map<int32_t, size_t> lengths;  // of each sequence after this step
    for (const auto& row : rows)
      lengths.try_emplace(row.first, reference(row.first).length()).first->second += 1;
    std::vector<int32_t> tokens, positions, sequences;
    std::vector<reference::Values> expected;
    for (const auto& [sequence, token] : rows) {
      tokens.push_back(token);
      sequences.push_back(sequence);
      positions.push_back(static_cast<int32_t>(reference(sequence).length()));
      const int64_t length = static_cast<int64_t>(lengths[sequence]);
      expected.push_back(reference(sequence).next(token, length));
    }
    const size_t vocab = static_cast<size_t>(config().vocab);
    std::vector<float> logits(wanted.size() * vocab);
    forward(model_, *backend_, *workspace_, *cache_, {tokens, positions, sequences, wanted},
            logits);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const size_t row = static_cast<size_t>(wanted[i]);
      if (reference(sequences[row]).near_tie() < kNearTie) continue;
      SCOPED_TRACE("sequence " + std::to_string(sequences[row]) + ", position " +
                   std::to_string(positions[row]));
      compare(std::span(logits).subspan(i * vocab, vocab), expected[row]);
    }
  }

  /// A step over consecutive tokens of one sequence, all rows wanted.
  void step_text(int32_t sequence, std::span<const int32_t> tokens) {
    std::vector<std::pair<int32_t, int32_t>> rows;
    std::vector<int32_t> wanted;
    for (const int32_t token : tokens) {
      wanted.push_back(static_cast<int32_t>(rows.size()));
      rows.emplace_back(sequence, token);
    }
    step(rows, wanted);
  }

  void truncate(int32_t sequence, int32_t position) {
    cache_->truncate(sequence, position);
    reference(sequence).truncate(static_cast<size_t>(position));
  }

  void copy(int32_t from, int32_t to, int32_t length) {
    backend_->copy_sequence(*cache_, from, to, length);
    reference(to) = reference(from);
    reference(to).truncate(static_cast<size_t>(length));
  }

  reference::Sequence& reference(int32_t sequence) {
    return references_[static_cast<size_t>(sequence)];
  }

  void compare(std::span<const float> found, const reference::Values& expected) {
    double squares = 0, worst = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      squares += expected[i] * expected[i];
      worst = std::max(worst, std::abs(double{found[i]} - expected[i]));
      ASSERT_TRUE(std::isfinite(found[i])) << "logit " << i;
    }
    const double scale = std::sqrt(squares / static_cast<double>(expected.size()));
    EXPECT_LE(worst / scale, tolerance_);
    worst_ = std::max(worst_, worst / scale);
  }

  void TearDown() override { RecordProperty("worst_error", std::to_string(worst_)); }

  reference::RandomModel random_model_;
  reference::Weights reference_weights_;
  std::unique_ptr<Backend> backend_;
  Model model_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<KvCache> cache_;
  std::vector<int32_t> texts_[kSequences];
  std::vector<reference::Sequence> references_;
  double tolerance_ = tolerance_of(GetParam().mode, GetParam().tolerances);
  double worst_ = 0;
};

TEST_P(BackendConformance, WholeSequenceAtOnce) { step_text(0, texts_[0]); }

TEST_P(BackendConformance, TokenByToken) {
  for (const int32_t token : texts_[0]) step_text(0, {&token, 1});
}

TEST_P(BackendConformance, PiecesOfAnySize) {
  const std::span<const int32_t> text = texts_[0];
  size_t at = 0;
  for (const size_t size : {3U, 1U, 7U, 2U, 11U}) {
    step_text(0, text.subspan(at, size));
    at += size;
  }
  ASSERT_EQ(at, text.size());
}

TEST_P(BackendConformance, SequencesMixedInOneStep) {
  step_text(2, std::span(texts_[2]).first(5));  // one has a head start
  std::vector<std::pair<int32_t, int32_t>> rows;
  std::vector<int32_t> wanted;
  for (size_t i = 0; i < 6; ++i) {
    rows.emplace_back(0, texts_[0][i]);
    if (i % 2 == 0) rows.emplace_back(2, texts_[2][5 + i]);
    if (i > 3) rows.emplace_back(1, texts_[1][i - 4]);
  }
  for (size_t i = 0; i < rows.size(); ++i) wanted.push_back(static_cast<int32_t>(i));
  step(rows, wanted);
  step({{1, 5}, {0, 6}, {2, 7}}, {0, 1, 2});  // a decode step of all three
}

TEST_P(BackendConformance, OnlyTheWantedLogits) {
  std::vector<std::pair<int32_t, int32_t>> rows;
  for (const int32_t token : texts_[0]) rows.emplace_back(0, token);
  step(rows, {1, 2, 17, 23});
  step({{0, 4}}, {});
  step({{0, 9}}, {0});
}

TEST_P(BackendConformance, TruncatedCacheGoesOnAnotherWay) {
  step_text(0, texts_[0]);
  truncate(0, 9);
  step_text(0, std::span(texts_[1]).first(4));
  truncate(0, 0);
  step_text(0, std::span(texts_[2]).first(8));
}

TEST_P(BackendConformance, CopiedSequencesGoOnApart) {
  step_text(0, std::span(texts_[0]).first(11));
  step_text(1, std::span(texts_[1]).first(14));  // is forgotten
  copy(0, 1, 11);
  copy(0, 2, 7);
  step({{1, 3}, {0, 5}, {2, 9}}, {0, 1, 2});
  for (size_t i = 0; i < 4; ++i) {
    step_text(1, std::span(texts_[1]).subspan(i, 1));
    step_text(2, std::span(texts_[2]).subspan(i, 1));
  }
  step_text(0, std::span(texts_[0]).subspan(12, 3));  // the first has noticed nothing
  copy(1, 0, 0);
  step_text(0, std::span(texts_[2]).first(5));
}

TEST_P(BackendConformance, CacheInBf16) {
  make_cache(KvType::kBf16);
  tolerance_ = std::max(tolerance_, GetParam().tolerances.kv_bf16);
  step_text(0, std::span(texts_[0]).first(10));
  for (size_t i = 10; i < 14; ++i) step_text(0, std::span(texts_[0]).subspan(i, 1));
}

}  // namespace nety::model
