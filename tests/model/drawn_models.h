// Random layer specifications and models of them, drawn by RapidCheck: everything that any family
// has, in any combination that layer_spec.h allows. Every choice shrinks towards what a plain Llama
// has, and what is printed is what differs from it.
#pragma once

// After gtest, as it needs.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <utility>
#include <vector>

#include "core/checkpoint/config.h"
#include "core/model/backend.h"
#include "core/precision/mode.h"

namespace nety::model::drawn {

using checkpoint::ModelConfig;

/// A run of tokens of one sequence inside a step.
struct Piece {
  int32_t sequence = 0;
  int64_t count = 1;
};

struct Step {
  int64_t back = 0;  ///< So many of the first piece's positions are forgotten before.
  std::vector<Piece> pieces;
  bool by_turns = false;    ///< The pieces' tokens in turn, else one piece after the other.
  bool all_wanted = false;  ///< The logits of all tokens, else of the last of each piece.
};

/// One model on one backend, and the steps that it makes.
struct Case {
  size_t backend = 0;  ///< Of a list
  size_t mode = 0;     ///< of this backend's modes.
  ModelConfig config;
  KvType kv = KvType::kFp32;
  std::vector<Step> steps;
};

/// What of it is not as in the plainest model (drawn_text.h).
inline std::ostream& operator<<(std::ostream& out, const Case& one);

/// One of the values: the first is what a failing case shrinks to.
template <class Value>
rc::Gen<Value> one_of(std::vector<Value> values) {
  const auto index = rc::gen::resize(rc::kNominalSize, rc::gen::inRange<size_t>(0, values.size()));
  return rc::gen::map(index, [values = std::move(values)](size_t i) -> Value { return values[i]; });
}

inline rc::Gen<checkpoint::Rope> any_rope() {
  using checkpoint::Rope;
  using checkpoint::RopeScaling;
  using rc::gen::set;
  return rc::gen::build<Rope>(
      set(&Rope::theta, one_of<double>({10000, 500})),
      set(&Rope::scaling,
          one_of<RopeScaling>({RopeScaling::kNone, RopeScaling::kNone, RopeScaling::kLinear,
                               RopeScaling::kDynamic, RopeScaling::kLlama3, RopeScaling::kYarn,
                               RopeScaling::kLongrope})),
      set(&Rope::factor, one_of<double>({4, 2, 1})),
      set(&Rope::original_context, one_of<int64_t>({16, 32})),
      set(&Rope::attention_factor, one_of<double>({0, 0, 1.2})),
      set(&Rope::mscale, one_of<double>({0, 0.7})),
      set(&Rope::mscale_all_dim, one_of<double>({0, 0.4})),
      set(&Rope::truncate, one_of<bool>({true, false})),
      set(&Rope::frequency_factors, one_of<std::vector<float>>({{}, {}, {1.5F}})),
      set(&Rope::rotated, one_of<int64_t>({0, 4, 6})),
      set(&Rope::interleaved, one_of<bool>({false, true})));
}

inline rc::Gen<checkpoint::Mixture> any_mixture() {
  using checkpoint::Gating;
  using checkpoint::Mixture;
  using rc::gen::set;
  return rc::gen::build<Mixture>(
      set(&Mixture::experts, one_of<int64_t>({0, 2, 3, 4, 7, 0, 0, 0})),
      set(&Mixture::chosen, one_of<int64_t>({1, 2, 3, 4})),
      set(&Mixture::ffn_dim, one_of<int64_t>({32, 40})),
      set(&Mixture::gating, one_of<Gating>({Gating::kSoftmax, Gating::kSoftmaxRenormalised,
                                            Gating::kSoftmaxOfChosen})),
      set(&Mixture::biased, one_of<bool>({false, true})));
}

inline rc::Gen<checkpoint::LayerSpec> any_spec() {
  using checkpoint::HeadNorm;
  using checkpoint::LayerSpec;
  using checkpoint::Nonlinearity;
  using checkpoint::Rotary;
  using rc::gen::set;
  return rc::gen::build<LayerSpec>(
      set(&LayerSpec::window, one_of<int64_t>({0, 5, 12, 1})),
      set(&LayerSpec::rotary, one_of<Rotary>({Rotary::kMain, Rotary::kLocal, Rotary::kNone})),
      set(&LayerSpec::head_norm,
          one_of<HeadNorm>({HeadNorm::kNone, HeadNorm::kHead, HeadNorm::kRow})),
      set(&LayerSpec::score_scale, one_of<double>({0, 0.3, 0.05})),
      set(&LayerSpec::score_cap, one_of<double>({0, 0, 2})),
      set(&LayerSpec::sinks, one_of<bool>({false, true})),
      set(&LayerSpec::query_growth, one_of<double>({0, 0, 0.2})),
      set(&LayerSpec::query_period, one_of<int64_t>({3, 8})),
      set(&LayerSpec::nonlinearity,
          one_of<Nonlinearity>(
              {Nonlinearity::kSilu, Nonlinearity::kGeluTanh, Nonlinearity::kClampedSilu})),
      set(&LayerSpec::clamp, one_of<double>({0.7, 7})),
      set(&LayerSpec::gated, one_of<bool>({true, true, false})),
      set(&LayerSpec::mixture, any_mixture()),
      set(&LayerSpec::norm_before, one_of<bool>({true, true, false})),
      set(&LayerSpec::norm_after, one_of<bool>({false, true})),
      set(&LayerSpec::parallel, one_of<bool>({false, false, true})),
      set(&LayerSpec::residual_scale, one_of<double>({1, 0.5})));
}

inline constexpr size_t kMostLayers = 3, kMostSteps = 4;

inline rc::Gen<ModelConfig> any_config() {
  using rc::gen::set;
  return rc::gen::build<ModelConfig>(
      set(&ModelConfig::dim, one_of<int64_t>({64, 60, 32, 96})),
      set(&ModelConfig::layers, one_of<int64_t>({1, 2, 3})),
      set(&ModelConfig::heads, one_of<int64_t>({1, 2, 3})),  // of a key's head
      set(&ModelConfig::kv_heads, one_of<int64_t>({1, 2, 3})),
      set(&ModelConfig::head_dim, one_of<int64_t>({16, 8, 22})),
      set(&ModelConfig::ffn_dim, one_of<int64_t>({96, 77, 32})),
      set(&ModelConfig::rms_eps, one_of<double>({1e-5, 1e-6})),
      set(&ModelConfig::layer_norms, one_of<bool>({false, true})),
      set(&ModelConfig::norm_biases, one_of<bool>({false, true})),
      set(&ModelConfig::embedding_scale, one_of<double>({1, 4})),
      set(&ModelConfig::logit_scale, one_of<double>({1, 0.5})),
      set(&ModelConfig::logit_cap, one_of<double>({0, 3})),
      set(&ModelConfig::tied_embeddings, one_of<bool>({false, true})),
      set(&ModelConfig::qkv_bias, one_of<bool>({false, true})),
      set(&ModelConfig::o_bias, one_of<bool>({false, true})),
      set(&ModelConfig::mlp_bias, one_of<bool>({false, true})), set(&ModelConfig::rope, any_rope()),
      set(&ModelConfig::local_rope, any_rope()),
      set(&ModelConfig::specs,
          rc::gen::container<std::vector<checkpoint::LayerSpec>>(kMostLayers, any_spec())));
}

inline rc::Gen<Step> any_step() {
  using rc::gen::set;
  const auto piece = rc::gen::build<Piece>(set(&Piece::sequence, one_of<int32_t>({0, 1, 2})),
                                           set(&Piece::count, one_of<int64_t>({1, 2, 5, 9, 17})));
  return rc::gen::build<Step>(
      set(&Step::back, one_of<int64_t>({0, 0, 0, 3})),
      set(&Step::pieces, rc::gen::mapcat(one_of<size_t>({1, 2, 3}),
                                         [piece](size_t count) {
                                           return rc::gen::container<std::vector<Piece>>(count,
                                                                                         piece);
                                         })),
      set(&Step::by_turns, one_of<bool>({false, true})),
      set(&Step::all_wanted, one_of<bool>({true, true, false})));
}

/// The nearest rope that a checkpoint could have. Those that depend on the length of a sequence
/// want more positions than they were trained on.
inline void make_possible(checkpoint::Rope& rope, int64_t head_dim) {
  using checkpoint::RopeScaling;
  if (rope.rotated > head_dim) rope.rotated = 0;
  const auto pairs = static_cast<size_t>(rope.rotated_of(head_dim) / 2);
  const auto factors = [&](double first, double step) {
    std::vector<float> all(pairs);
    for (size_t i = 0; i < pairs; ++i)
      all[i] = static_cast<float>(first + step * static_cast<double>(i));
    return all;
  };
  if (!rope.frequency_factors.empty()) rope.frequency_factors = factors(1, 0.5);
  if (rope.scaling != RopeScaling::kLongrope) return;
  rope.short_factors = factors(1, 0.2), rope.long_factors = factors(2, 0.7);
}

/// The nearest model that some family could be, of widths that have whole groups of the mode.
inline ModelConfig possible(ModelConfig config, precision::ModeId mode) {
  using namespace checkpoint;
  const int64_t group = precision::mode(mode).functions->group;
  const auto whole = [group](int64_t width) { return (width + group - 1) / group * group; };
  if (group > 64) {  // heads that together are one group
    config.heads = std::min<int64_t>(config.heads, 2);
    config.kv_heads = std::min<int64_t>(config.kv_heads, 2);
  }
  config.heads *= config.kv_heads;
  while (config.heads * config.head_dim % group != 0) config.head_dim += 2;
  config.dim = whole(config.dim), config.ffn_dim = whole(config.ffn_dim);
  config.architecture = "llama";
  config.vocab = 51;
  config.norm_biases = config.norm_biases && config.layer_norms;
  make_possible(config.rope, config.head_dim);
  make_possible(config.local_rope, config.head_dim);
  const auto is_dynamic = [](const Rope& rope) { return rope.scaling == RopeScaling::kDynamic; };
  config.context = is_dynamic(config.rope) || is_dynamic(config.local_rope) ? 8 : 64;
  config.specs.resize(static_cast<size_t>(config.layers));
  for (LayerSpec& spec : config.specs) {
    // The same in all layers of any family, and two backends take it from the first.
    spec.query_growth = config.specs.front().query_growth;
    spec.query_period = config.specs.front().query_period;
    spec.norm_before = spec.norm_before || !spec.norm_after;
    if (spec.is_mixture()) {
      spec.mixture.chosen = std::min(spec.mixture.chosen, spec.mixture.experts);
      spec.mixture.ffn_dim = whole(spec.mixture.ffn_dim);
      spec.gated = true, spec.parallel = false;
    } else {
      spec.mixture = {};
    }
    if (!spec.gated) spec.nonlinearity = Nonlinearity::kGeluTanh;
    if (spec.nonlinearity != Nonlinearity::kClampedSilu) spec.clamp = 0;
  }
  return config;
}

/// A case on one of the backends, given by the modes that each has.
inline rc::Gen<Case> any_case(std::vector<std::vector<precision::ModeId>> modes_of) {
  using rc::gen::set;
  size_t most = 0;
  std::vector<size_t> backends, modes;
  for (size_t i = 0; i < modes_of.size(); ++i) {
    backends.push_back(i);
    most = std::max(most, modes_of[i].size());
  }
  for (size_t i = 0; i < most; ++i) modes.push_back(i);
  const auto steps = rc::gen::mapcat(one_of<size_t>({1, 2, 3, kMostSteps}), [](size_t count) {
    return rc::gen::container<std::vector<Step>>(count, any_step());
  });
  const auto drawn = rc::gen::build<Case>(
      set(&Case::backend, one_of(backends)), set(&Case::mode, one_of(modes)),
      set(&Case::config, any_config()),
      set(&Case::kv, one_of<KvType>({KvType::kFp32, KvType::kFp32, KvType::kBf16, KvType::kQ8_0})),
      set(&Case::steps, steps));
  return rc::gen::map(drawn, [modes_of = std::move(modes_of)](Case one) {
    const std::vector<precision::ModeId>& own = modes_of[one.backend];
    one.mode %= own.size();
    one.config = possible(std::move(one.config), own[one.mode]);
    return one;
  });
}

}  // namespace nety::model::drawn
