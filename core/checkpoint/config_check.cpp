// Relations only: ranges are checked where values are read, because messages must show the raw
// value.
#include "core/checkpoint/config_check.h"

#include <fmt/core.h>

#include <cmath>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

void check_positive(double value, double most, std::string_view key,
                    const std::filesystem::path& file) {
  if (std::isfinite(value) && value > 0 && value <= most) return;
  refuse(file,
         fmt::format("\"{}\" is {}; a number above 0 and at most {} is needed", key, value, most));
}

void check_rope(const Rope& rope, int64_t head_dim, const ConfigKeys& keys,
                const std::filesystem::path& file) {
  check_positive(rope.theta, 1e15, keys.rope_theta, file);
  check_positive(rope.factor, 1e9, keys.rope_factor, file);
  const bool llama3_ordered = rope.high_freq_factor > rope.low_freq_factor;
  if (rope.scaling == RopeScaling::kLlama3 && !(llama3_ordered && rope.low_freq_factor > 0))
    refuse(file, fmt::format("RoPE scaling llama3 has low_freq_factor {} and high_freq_factor {}; "
                             "the second must be the larger and both positive",
                             rope.low_freq_factor, rope.high_freq_factor));
  if (rope.scaling == RopeScaling::kYarn && !(rope.beta_fast > 0 && rope.beta_slow > 0))
    refuse(file, fmt::format("RoPE scaling yarn has beta_fast {} and beta_slow {}; both must be "
                             "positive",
                             rope.beta_fast, rope.beta_slow));
  if (rope.scaling == RopeScaling::kDynamic && head_dim <= 2)
    refuse(file, "RoPE scaling dynamic needs heads of more than 2 dimensions");
  for (const double value : {rope.attention_factor, rope.mscale, rope.mscale_all_dim})
    if (!std::isfinite(value) || value < 0 || value > 1e6)
      refuse(file, fmt::format("RoPE scaling has the attention factor or mscale {}", value));
}

}  // namespace

void check_config(const ModelConfig& config, const ConfigKeys& keys,
                  const std::filesystem::path& file) {
  if (config.kv_heads > config.heads || config.heads % config.kv_heads != 0)
    refuse(file, fmt::format("\"{}\" is {}, which does not divide \"{}\", {}", keys.kv_heads,
                             config.kv_heads, keys.heads, config.heads));
  if (config.head_dim % 2 != 0)
    refuse(file, fmt::format("\"{}\" is {} (given, or {} / {}); rotary embeddings need an even "
                             "number",
                             keys.head_dim, config.head_dim, keys.dim, keys.heads));
  check_positive(config.rms_eps, 1, keys.rms_eps, file);
  check_rope(config.rope, config.head_dim, keys, file);
}

}  // namespace nety::checkpoint
