// A shard must be in the same directory: an index must not make us open files elsewhere.
#include "core/checkpoint/shard_index.h"

#include <fmt/core.h>

#include "core/checkpoint/json_raw.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

bool stays_inside(std::string_view name) {
  const std::filesystem::path relative(name);
  if (name.empty() || name.find('\0') != std::string_view::npos || relative.is_absolute())
    return false;
  for (const std::filesystem::path& part : relative)
    if (part == "..") return false;
  return true;
}

}  // namespace

std::map<std::string, std::string, std::less<>> parse_shard_index(
    std::string_view text, const std::filesystem::path& path) {
  const JsonFile file(path, text);
  const JsonObject root = file.root();
  const std::optional<JsonObject> weights = root.object("weight_map");
  if (!weights) root.refuse_value("weight_map", "an object of tensor and file names");
  std::map<std::string, std::string, std::less<>> files;
  for (const simdjson::dom::key_value_pair field : raw(*weights)) {
    std::string_view name;
    if (field.value.get(name) != simdjson::SUCCESS) weights->refuse_value(field.key, "a file name");
    if (!stays_inside(name))
      refuse(root.file(),
             fmt::format("puts tensor {} in {}, which is not a file of the directory",
                         shown(field.key), shown(name)),
             "Do not use this model: its index points outside its own directory.");
    if (!files.emplace(field.key, name).second)
      refuse(root.file(), fmt::format("names tensor {} twice", shown(field.key)));
  }
  if (files.empty()) refuse(root.file(), "names no tensors");
  return files;
}

}  // namespace nety::checkpoint
