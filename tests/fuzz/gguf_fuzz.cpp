// Whole GGUF files: container, configuration, names, and the bytes that tensors point to.
#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "tests/fuzz/fuzzed_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const nety::FuzzedFile file(data, size);
  try {
    nety::checkpoint::Checkpoint::open_vocabulary(file.path());
  } catch (const nety::Error&) {
  }
  try {
    const auto checkpoint = nety::checkpoint::Checkpoint::open(file.path());
    unsigned sum = 0;
    for (const nety::checkpoint::Tensor& tensor : checkpoint.tensors()) {
      const auto view = checkpoint.matrix(tensor.name);
      if (view.rows * view.cols != tensor.elements()) std::abort();
      for (const std::byte byte : tensor.data) sum += static_cast<unsigned>(byte);
    }
    static volatile unsigned sink;
    sink = sum;
  } catch (const nety::Error&) {
  }
  return 0;
}
