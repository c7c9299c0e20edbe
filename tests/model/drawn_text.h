// A drawn case in words: what it is, then whatever differs from a plain Llama. Shrinking leaves
// little of that.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>

#include "core/options/run_options.h"
#include "tests/model/drawn_models.h"

namespace nety::model::drawn {

/// Collects "name value" of what is not as in something plain.
class Differences {
 public:
  template <class Value>
  Differences& say(std::string_view name, const Value& value, const Value& plain) {
    if (value != plain) text_ += fmt::format(", {} {}", name, value);
    return *this;
  }
  /// The same of an enumeration, by the names of its values.
  template <class Value>
  Differences& say(std::string_view name, Value value, Value plain,
                   std::initializer_list<std::string_view> words) {
    if (value != plain)
      text_ += fmt::format(", {} {}", name, words.begin()[static_cast<size_t>(value)]);
    return *this;
  }
  void add(const std::string& text) { text_ += text; }
  /// Without the first comma.
  std::string text() const { return text_.empty() ? "plain" : text_.substr(2); }

 private:
  std::string text_;
};

inline std::string text_of(const checkpoint::Rope& rope) {
  using checkpoint::RopeScaling;
  const checkpoint::Rope plain;
  Differences found;
  found.say("theta", rope.theta, plain.theta)
      .say("rotated", rope.rotated, plain.rotated)
      .say("interleaved", rope.interleaved, plain.interleaved)
      .say("frequency factors", rope.frequency_factors, plain.frequency_factors);
  if (rope.scaling == RopeScaling::kNone) return found.text();
  found
      .say("scaling", rope.scaling, plain.scaling,
           {"none", "linear", "dynamic", "llama3", "yarn", "longrope"})
      .say("factor", rope.factor, plain.factor)
      .say("original context", rope.original_context, plain.original_context)
      .say("attention factor", rope.attention_factor, plain.attention_factor)
      .say("mscale", rope.mscale, plain.mscale)
      .say("mscale_all_dim", rope.mscale_all_dim, plain.mscale_all_dim)
      .say("truncate", rope.truncate, plain.truncate);
  return found.text();
}

inline std::string text_of(const checkpoint::LayerSpec& spec) {
  const checkpoint::LayerSpec plain;
  Differences found;
  found.say("window", spec.window, plain.window)
      .say("rotary", spec.rotary, plain.rotary, {"none", "main", "local"})
      .say("norm of q and k", spec.head_norm, plain.head_norm, {"none", "each head", "whole row"})
      .say("score scale", spec.score_scale, plain.score_scale)
      .say("score cap", spec.score_cap, plain.score_cap)
      .say("sinks", spec.sinks, plain.sinks)
      .say("query growth", spec.query_growth, plain.query_growth)
      .say("nonlinearity", spec.nonlinearity, plain.nonlinearity, {"SiLU", "GELU", "clamped SiLU"})
      .say("clamp", spec.clamp, plain.clamp)
      .say("gated", spec.gated, plain.gated)
      .say("norm before", spec.norm_before, plain.norm_before)
      .say("norm after", spec.norm_after, plain.norm_after)
      .say("parallel", spec.parallel, plain.parallel)
      .say("residual scale", spec.residual_scale, plain.residual_scale);
  if (spec.is_mixture())
    found.add(fmt::format(", {} of {} experts of {}{}", spec.mixture.chosen, spec.mixture.experts,
                          spec.mixture.ffn_dim, spec.mixture.biased ? " with biases" : ""));
  found.say("gating", spec.mixture.gating, plain.mixture.gating,
            {"softmax", "renormalised", "of the chosen"});
  return found.text();
}

inline std::string text_of(const ModelConfig& config) {
  const ModelConfig plain;
  Differences found;
  found.say("LayerNorm", config.layer_norms, plain.layer_norms)
      .say("norm biases", config.norm_biases, plain.norm_biases)
      .say("epsilon", config.rms_eps, plain.rms_eps)
      .say("embedding scale", config.embedding_scale, plain.embedding_scale)
      .say("logit scale", config.logit_scale, plain.logit_scale)
      .say("logit cap", config.logit_cap, plain.logit_cap)
      .say("tied", config.tied_embeddings, plain.tied_embeddings)
      .say("biases of q, k, v", config.qkv_bias, plain.qkv_bias)
      .say("bias of o", config.o_bias, plain.o_bias)
      .say("biases of the network", config.mlp_bias, plain.mlp_bias);
  std::string text = fmt::format(
      "  width {}, {} heads of {} on {}, feed-forward {}\n  {}\n  rope: {}\n  local rope: {}\n",
      config.dim, config.heads, config.head_dim, config.kv_heads, config.ffn_dim, found.text(),
      text_of(config.rope), text_of(config.local_rope));
  for (size_t layer = 0; layer < config.specs.size(); ++layer)
    text += fmt::format("  layer {}: {}\n", layer, text_of(config.specs[layer]));
  return text;
}

inline std::string text_of(const Step& step) {
  std::string text = step.back > 0 ? fmt::format("{} back, ", step.back) : "";
  for (const Piece& piece : step.pieces)
    text += fmt::format("{} of sequence {}, ", piece.count, piece.sequence);
  text += step.by_turns ? "by turns" : "one after another";
  return text + (step.all_wanted ? "" : ", last logits only");
}

inline std::ostream& operator<<(std::ostream& out, const Case& one) {
  out << text_of(one.config);
  if (one.kv != KvType::kFp32) out << "  keys and values in " << options::text_of(one.kv) << "\n";
  for (const Step& step : one.steps) out << "  step: " << text_of(step) << "\n";
  return out;
}

}  // namespace nety::model::drawn
