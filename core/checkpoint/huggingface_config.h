// config.json as transformers 4 and 5 write it.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/config.h"

namespace nety::checkpoint {

/// What "quantization_config" says. A hint only: tensors decide what they are.
struct QuantizationHint {
  std::string method;  ///< "bitsandbytes", "fp8", "mxfp4"; empty if the config has no such section.
  bool load_in_8bit = false, load_in_4bit = false;
  bool has_fp16_weight = false;
  std::array<int64_t, 2> weight_block{};  ///< fp8: rows and columns per scale; 0: not in blocks.
};

/// A file's text and its path, which is only for messages.
struct JsonText {
  std::string_view text;
  std::filesystem::path path;
};

struct HuggingFaceConfig {
  ModelConfig model;  ///< `name` is left empty.
  QuantizationHint quantization;
  std::vector<Notice> notices;
};

/// What a config.json says, with transformers' defaults where it says nothing. Errors: kCheckpoint
/// naming file, key and value; an architecture that is not supported is named with those that are,
/// and so is a quantization method other than bitsandbytes.
HuggingFaceConfig parse_config(const JsonText& config);

}  // namespace nety::checkpoint
