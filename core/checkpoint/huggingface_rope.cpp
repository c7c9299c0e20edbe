// RoPE parameters of config.json, with the rules of transformers' modeling_rope_utils.
#include "core/checkpoint/huggingface_rope.h"

#include <fmt/core.h>

#include <cmath>
#include <optional>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/json_raw.h"
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
    {"yarn", RopeScaling::kYarn},       {"longrope", RopeScaling::kLongrope},
    {"su", RopeScaling::kLongrope},  // of the first Phi-3
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
         "Supported: default, linear, dynamic, llama3, yarn, longrope.");
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

/// The divisors of the frequencies, for sequences within the original context or beyond it.
std::vector<float> read_factors(const JsonObject& section, const char* key, size_t count) {
  std::vector<float> factors;
  simdjson::dom::array list;
  if (raw(section).at_key(key).get(list) != simdjson::SUCCESS)
    section.refuse_value(key, "a list of numbers");
  for (const simdjson::dom::element item : list) {
    double factor = 0;
    if (item.get(factor) != simdjson::SUCCESS || !std::isfinite(factor) || factor <= 0)
      section.refuse_value(key, "a list of positive numbers");
    factors.push_back(static_cast<float>(factor));
  }
  if (factors.size() != count)
    refuse(section.file(), fmt::format("\"{}\" has {} numbers; {} are needed, one for each pair "
                                       "that is rotated",
                                       section.path_of(key), factors.size(), count));
  return factors;
}

void read_longrope(const JsonObject& root, const JsonObject& section, const RopeContext& of,
                   Rope& rope) {
  rope.original_context = read_original_context(root, section, of.context);
  const auto pairs = static_cast<size_t>(rope.rotated_of(of.head_dim) / 2);
  rope.short_factors = read_factors(section, "short_factor", pairs);
  rope.long_factors = read_factors(section, "long_factor", pairs);
  rope.attention_factor = section.number("attention_factor").value_or(0);
  // By transformers' rule the two contexts decide, whatever "factor" says.
  rope.factor = static_cast<double>(of.context) / static_cast<double>(rope.original_context);
}

void read_scaling_values(const JsonObject& root, const JsonObject& section, const RopeContext& of,
                         Rope& rope) {
  const int64_t context = of.context;
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
    case RopeScaling::kLongrope:
      return read_longrope(root, section, of, rope);
  }
}

/// The dimensions of a head that are rotated: an even number of them.
int64_t read_rotated(const JsonObject& place, const RopeContext& of) {
  if (!place.has("partial_rotary_factor") && of.rotated == 1) return 0;
  const double factor = place.number("partial_rotary_factor").value_or(of.rotated);
  const auto rotated = static_cast<int64_t>(static_cast<double>(of.head_dim) * factor);
  if (!(factor > 0 && factor <= 1) || rotated < 2 || rotated % 2 != 0)
    place.refuse_value("partial_rotary_factor",
                       fmt::format("a share of the {} dimensions of a head that is an even number "
                                   "of them",
                                   of.head_dim));
  return rotated == of.head_dim ? 0 : rotated;
}

void read_section(const JsonObject& root, const JsonObject& section, const RopeContext& of,
                  Rope& rope) {
  rope.theta = section.number("rope_theta").value_or(rope.theta);
  rope.scaling = read_scaling(section);
  if (section.has("partial_rotary_factor")) rope.rotated = read_rotated(section, of);
  read_scaling_values(root, section, of, rope);
}

}  // namespace

Rope read_rope(const JsonObject& root, const RopeContext& of) {
  if (std::optional<Rope> full = read_rope_of(root, "full_attention", of)) return *full;
  Rope rope;
  rope.theta = root.number("rope_theta").value_or(of.theta);
  rope.rotated = read_rotated(root, of);
  std::optional<JsonObject> section = root.object("rope_scaling");  // wins where both are
  if (!section || section->empty()) section = root.object("rope_parameters");
  if (section) read_section(root, *section, of, rope);
  return rope;
}

std::optional<Rope> read_rope_of(const JsonObject& root, std::string_view type,
                                 const RopeContext& of) {
  const std::optional<JsonObject> kinds = root.object("rope_parameters");
  if (!kinds || !(kinds->has("full_attention") || kinds->has("sliding_attention")))
    return std::nullopt;
  const std::optional<JsonObject> section = kinds->object(type);
  if (!section)
    refuse(root.file(), fmt::format("\"rope_parameters\" lacks {}", shown(std::string(type))));
  Rope rope;
  rope.theta = root.number("rope_theta").value_or(of.theta);
  rope.rotated = read_rotated(root, of);
  read_section(root, *section, of, rope);
  return rope;
}

}  // namespace nety::checkpoint
