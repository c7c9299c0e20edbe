// config.json and generation_config.json: the same text as both.
#include <cstdlib>

#include "core/base/error.h"
#include "core/checkpoint/huggingface_config.h"
#include "core/checkpoint/stated.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nety::checkpoint::JsonText;
  const JsonText text{{reinterpret_cast<const char*>(data), size}, "fuzz"};
  try {
    const auto model = nety::checkpoint::parse_config(text).model;
    if (model.layers < 1 || model.heads % model.kv_heads != 0 || model.head_dim % 2 != 0)
      std::abort();
  } catch (const nety::Error&) {
  }
  nety::checkpoint::generation_notices(text);
  return 0;
}
