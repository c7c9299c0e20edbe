// Shapes of well-known models, for planning and measuring without their weights.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/checkpoint/config.h"

namespace nety::checkpoint {

/// The standard shapes, smallest first; `name` is what --shape takes: "mistral-7b".
std::span<const ModelConfig> standard_shapes();
/// The names of the standard shapes, joined for messages.
std::string standard_shape_names();

/// Where a standard shape's numbers were read.
struct ShapeSource {
  std::string_view name;
  std::string_view config;   ///< the model whose config.json it repeats
  std::string_view read_in;  ///< public files with the same numbers, by project
};
/// One for each standard shape, in no order.
std::span<const ShapeSource> shape_sources();

/// Under what terms a standard shape's weights are published.
struct ShapeLicence {
  std::string_view name;
  std::string_view licence;  ///< "Apache-2.0"
  std::string_view terms;    ///< "open", "conditions" or "non-commercial"
};
/// One for each standard shape, in no order.
std::span<const ShapeLicence> shape_licences();

/// A standard shape by name (in any case), or that of a config.json, or of a directory with one.
/// Errors: kUsage for a name that is neither, naming the shapes; kCheckpoint for a config.json that
/// is not of the Llama family.
ModelConfig find_shape(const std::string& name_or_path);

}  // namespace nety::checkpoint
