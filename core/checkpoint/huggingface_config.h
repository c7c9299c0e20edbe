// config.json and generation_config.json as transformers 4 and 5 write them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/checkpoint/config.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// What "quantization_config" says. A hint only: tensors decide what they are.
struct QuantizationHint {
  std::string method;  ///< "bitsandbytes"; empty if the config has no such section.
  bool load_in_8bit = false, load_in_4bit = false;
  bool has_fp16_weight = false;
};

/// The model shape of a config.json, with transformers' defaults where it says nothing. `name` is
/// left empty. Errors: kCheckpoint naming file, key and value; an architecture that is not
/// supported is named with those that are.
ModelConfig read_model_config(const JsonObject& root);

/// Error: kCheckpoint for a method other than bitsandbytes.
QuantizationHint read_quantization_hint(const JsonObject& root);

/// Ids from config.json and, where it exists, generation_config.json, which wins.
GenerationDefaults read_generation_defaults(const JsonObject& config,
                                            const std::optional<JsonObject>& generation);

/// RoPE parameters: rope_parameters (transformers 5), or rope_theta and rope_scaling (4).
Rope read_rope(const JsonObject& root, int64_t context);

}  // namespace nety::checkpoint
