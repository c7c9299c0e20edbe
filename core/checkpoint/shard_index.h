// model.safetensors.index.json: which file of a sharded model holds which tensor.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace nety::checkpoint {

/// File name by tensor name; `path` is for messages. Error: kCheckpoint if "weight_map" is missing,
/// empty, not a map of strings, names a tensor twice, or names a file outside the directory.
std::map<std::string, std::string, std::less<>> parse_shard_index(
    std::string_view text, const std::filesystem::path& path);

}  // namespace nety::checkpoint
