// Keys that change what a model computes. A family that does not read one refuses a file that sets
// it: to leave it out would give other numbers without a word.
#pragma once

#include <span>
#include <string_view>

#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// Error: kCheckpoint, naming the first key of a config.json that says something to the arithmetic
/// and is not among `taken`.
void refuse_arithmetic(const JsonObject& root, std::span<const std::string_view> taken);

/// The same of a GGUF's keys, without the architecture before them: "logit_scale".
void refuse_arithmetic(const GgufKeys& keys, std::span<const std::string_view> taken);

}  // namespace nety::checkpoint
