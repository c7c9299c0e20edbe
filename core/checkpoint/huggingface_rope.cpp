// RoPE parameters of config.json, with the rules of transformers' modeling_rope_utils.
#include "core/checkpoint/huggingface_rope.h"

#include <fmt/core.h>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

struct ScalingName {
  std::string_view name;
  RopeScaling scaling;
};
constexpr ScalingName kScalings[] = {
    {"default", RopeScaling::kNone},    {"linear", RopeScaling::kLinear},
    {"dynamic", RopeScaling::kDynamic}, {"llama3", RopeScaling::kLlama3},
    {"yarn", RopeScaling::kYarn},
};

RopeScaling read_scaling(const JsonObject& section) {
  std::optional<std::string> name = section.string("rope_type");
  if (!name) name = section.string("type");
  if (!name) return RopeScaling::kNone;
  for (const ScalingName& known : kScalings)
    if (known.name == *name) return known.scaling;
  refuse(section.file(),
         fmt::format("\"{}\" is {}, which is not supported", section.path_of("rope_type"),
                     shown(*name)),
         "Supported: default, linear, dynamic, llama3, yarn.");
}

double required_number(const JsonObject& section, std::string_view key) {
  const std::optional<double> number = section.number(key);
  if (!number) section.refuse_value(key, "a number");
  return *number;
}

void read_yarn(const JsonObject& section, int64_t context, Rope& rope) {
  // Where the factor is null, transformers divides the new context by the original one.
  rope.factor = section.number("factor").value_or(static_cast<double>(context) /
                                                  static_cast<double>(rope.original_context));
  const auto positive = [&](const char* key, double fallback) {
    const double value = section.number(key).value_or(0);
    return value == 0 ? fallback : value;
  };
  rope.beta_fast = positive("beta_fast", rope.beta_fast);
  rope.beta_slow = positive("beta_slow", rope.beta_slow);
  rope.attention_factor = section.number("attention_factor").value_or(0);
  rope.mscale = section.number("mscale").value_or(0);
  rope.mscale_all_dim = section.number("mscale_all_dim").value_or(0);
  rope.truncate = section.boolean("truncate").value_or(true);
}

/// The context before extension: beside the section, in it, or the whole context.
int64_t read_original_context(const JsonObject& root, const JsonObject& section, int64_t context) {
  constexpr const char* kKey = "original_max_position_embeddings";
  if (const std::optional<int64_t> outer = root.integer(kKey, 1, kMaxContext)) return *outer;
  return section.integer(kKey, 1, kMaxContext).value_or(context);
}

void read_scaling_values(const JsonObject& root, const JsonObject& section, int64_t context,
                         Rope& rope) {
  switch (rope.scaling) {
    case RopeScaling::kNone:
      return;
    case RopeScaling::kLinear:
      rope.factor = required_number(section, "factor");
      return;
    case RopeScaling::kDynamic:
      rope.factor = required_number(section, "factor");
      rope.original_context = context;
      return;
    case RopeScaling::kLlama3:
      rope.factor = required_number(section, "factor");
      rope.low_freq_factor = required_number(section, "low_freq_factor");
      rope.high_freq_factor = required_number(section, "high_freq_factor");
      rope.original_context = read_original_context(root, section, context);
      return;
    case RopeScaling::kYarn:
      rope.original_context = read_original_context(root, section, context);
      read_yarn(section, context, rope);
      return;
  }
}

}  // namespace

Rope read_rope(const JsonObject& root, int64_t context) {
  Rope rope;
  rope.theta = root.number("rope_theta").value_or(rope.theta);
  std::optional<JsonObject> section = root.object("rope_scaling");  // wins where both are
  if (!section || section->raw().size() == 0) section = root.object("rope_parameters");
  const JsonObject& deepest = section ? *section : root;
  for (const JsonObject& place : {root, deepest})
    if (place.number("partial_rotary_factor").value_or(1) != 1)
      place.refuse_value("partial_rotary_factor", "1 (heads rotated whole)");
  if (!section) return rope;
  if (section->has("full_attention") || section->has("sliding_attention"))
    refuse(root.file(),
           "has different RoPE parameters for different layers, which is not "
           "supported",
           "Supported are models whose layers are all alike.");
  rope.theta = section->number("rope_theta").value_or(rope.theta);
  rope.scaling = read_scaling(*section);
  read_scaling_values(root, *section, context, rope);
  return rope;
}

}  // namespace nety::checkpoint
