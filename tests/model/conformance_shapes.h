// Tiny models that each have something special about them: what families do, one or a few at a
// time.
#pragma once

#include <string>
#include <vector>

#include "core/checkpoint/config.h"

namespace nety::model {

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

}  // namespace nety::model
