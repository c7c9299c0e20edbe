// The keys of config.json that nearly all decoders have, for families to build on.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "core/checkpoint/config.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// Values of keys that are absent, as the family's class in transformers has them.
struct ShapeDefaults {
  int64_t context;       ///< max_position_embeddings
  int64_t kv_heads = 0;  ///< num_key_value_heads; 0: as many as heads.
  int64_t head_dim = 0;  ///< 0: hidden_size / num_attention_heads
  double eps = 1e-6;
  double theta = 10000;
  double rotated = 1;  ///< partial_rotary_factor
  bool tied = false;   ///< tie_word_embeddings
  std::string_view eps_key = "rms_norm_eps";
  std::string_view activation_key = "hidden_act";
  std::string_view activation = "silu";
  /// Of the keys that change the arithmetic, those that the family reads (kArithmeticKeys). Others
  /// are refused by name where they say something.
  std::vector<std::string_view> takes = {};
};

/// Sizes, norms, RoPE, activation and whether embeddings are tied, checked. Error: kCheckpoint
/// naming file, key and value; also for arithmetic that the family does not have.
ModelConfig read_shape(const JsonObject& root, const ShapeDefaults& defaults);

/// "sliding_window": `fallback` where it is absent, 0 where it is null or use_sliding_window is
/// false.
int64_t read_window(const JsonObject& root, int64_t fallback);

/// The window of Qwen's models: of the layers that layer_types says, else from max_window_layers
/// on, and only if use_sliding_window is true.
void read_late_window(const JsonObject& root, ModelConfig& config);

/// One spec for each layer, as the first one is now: for families whose layers differ.
void spread_specs(ModelConfig& config);
/// The same, with a window and one rotary embedding in the layers that `windowed` names, and no
/// window and the other embedding elsewhere.
void spread_windows(ModelConfig& config, int64_t window, const std::vector<bool>& windowed,
                    Rotary in_window = Rotary::kMain, Rotary elsewhere = Rotary::kMain);

/// Which layers have the window: by layer_types where that is there, else all but every `period`-th
/// (0: none). Error: kCheckpoint for another kind of layer, or a list of another length.
std::vector<bool> windowed_layers(const JsonObject& root, int64_t layers, int64_t period);

/// A number that scales something: finite, and not zero. Error: kCheckpoint.
double read_scale(const JsonObject& root, std::string_view key, double fallback);
/// The same, and positive.
double read_positive(const JsonObject& root, std::string_view key, double fallback);
/// A soft cap: 0 where it is null. Error: kCheckpoint unless it is positive.
double read_cap(const JsonObject& root, std::string_view key, double fallback);

}  // namespace nety::checkpoint
