// Shapes of well-known models, for planning and measuring without their weights.
#pragma once

#include <span>
#include <string>

#include "core/checkpoint/config.h"

namespace nety::checkpoint {

/// The standard shapes, smallest first; `name` is what --shape takes: "mistral-7b".
std::span<const ModelConfig> standard_shapes();
/// Their names, joined for messages.
std::string standard_shape_names();

/// A standard shape by name (in any case), or that of a config.json, or of a directory with one.
/// Errors: kUsage for a name that is neither, naming the shapes; kCheckpoint for a config.json that
/// is not of the Llama family.
ModelConfig find_shape(const std::string& name_or_path);

}  // namespace nety::checkpoint
