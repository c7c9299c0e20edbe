// model.safetensors.index.json: which file of a sharded model holds which tensor.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// File name by tensor name. Error: kCheckpoint if "weight_map" is missing, empty, not a map of
/// strings, names a tensor twice, or names a file outside the directory.
std::map<std::string, std::string, std::less<>> read_shard_index(const JsonObject& root);

}  // namespace nety::checkpoint
