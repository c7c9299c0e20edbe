// config.json and generation_config.json: the same text as both.
#include <cstdlib>

#include "core/base/error.h"
#include "core/checkpoint/huggingface_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nety::checkpoint::JsonText;
  const JsonText text{{reinterpret_cast<const char*>(data), size}, "fuzz"};
  try {
    const auto model = nety::checkpoint::parse_config(text).model;
    if (model.layers < 1 || model.heads % model.kv_heads != 0 || model.head_dim % 2 != 0)
      std::abort();
  } catch (const nety::Error&) {
  }
  try {
    std::vector<nety::checkpoint::Notice> notices;
    nety::checkpoint::parse_generation(text, text, notices);
  } catch (const nety::Error&) {
  }
  return 0;
}
