// The metadata of a GGUF that nearly all decoders have, for families to build on.
#pragma once

#include <string_view>
#include <vector>

#include "core/checkpoint/config.h"
#include "core/checkpoint/gguf_keys.h"

namespace nety::checkpoint {

/// What is particular to a family.
struct GgufShape {
  bool partial_rotary = false;  ///< Heads may be rotated in part.
  std::string_view eps_key = "attention.layer_norm_rms_epsilon";
  /// Of the keys that change the arithmetic, those that the family reads (arithmetic_keys.h).
  std::vector<std::string_view> takes = {};
};

/// Sizes, norms and RoPE under the keys of the file's architecture, checked; a window is of all
/// layers. Error: kCheckpoint naming file, key and value.
ModelConfig read_shape(const GgufKeys& keys, const GgufShape& of = {});

/// Which layers have the window: by attention.sliding_window_pattern (flags, or a period), else all
/// but every `period`-th (0: none). Error: kCheckpoint for a pattern of another length.
std::vector<bool> windowed_layers(const GgufKeys& keys, int64_t layers, int64_t period);

/// The number of a key that scales something: finite, and not zero. Error: kCheckpoint.
double read_scale(const GgufKeys& keys, std::string_view own_key, double fallback);
/// The same, and positive.
double read_positive(const GgufKeys& keys, std::string_view own_key, double fallback);
/// A soft cap; 0: none. Error: kCheckpoint unless it is positive.
double read_cap(const GgufKeys& keys, std::string_view own_key, double fallback);

}  // namespace nety::checkpoint
