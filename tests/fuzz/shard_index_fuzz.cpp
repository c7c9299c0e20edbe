// model.safetensors.index.json: no file name may leave the directory.
#include <cstdlib>

#include "core/base/error.h"
#include "core/checkpoint/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& place : nety::checkpoint::parse_shard_index(text, "fuzz")) {
      const std::string& name = place.second;
      if (name.empty() || name[0] == '/' || name == ".." || name.find("../") == 0) std::abort();
    }
  } catch (const nety::Error&) {
  }
  return 0;
}
