// The safetensors header.
#include <cstdlib>

#include "core/base/error.h"
#include "core/checkpoint/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto bytes = std::as_bytes(std::span(data, size));
    for (const auto& tensor : nety::checkpoint::parse_safetensors(bytes, "fuzz").tensors)
      if (tensor.begin > tensor.end || tensor.end > size) std::abort();
  } catch (const nety::Error&) {
  }
  return 0;
}
