// Weights of random bits on the device: what they are does not matter, where they are does.
#pragma once

#include <vector>

#include "core/backends/cuda/device.h"

namespace nety::cuda {

/// How a weight lies, for a name: "nf4-dq" is a 4-bit format with double quantization.
struct WeightKind {
  const char* name;
  Format format;
  bool nested = false;
};

struct RandomWeight {
  Matrix matrix{};
  uint64_t bytes = 0;  ///< All that one product reads of it.
  std::vector<Buffer> storage;
};

/// [rows, cols] with blocks of 64 weights, and of 256 absmax.
RandomWeight random_weight(Device& device, const WeightKind& kind, int32_t rows, int32_t cols);

/// `count` numbers in [-1, 1) on the device.
Buffer random_floats(Device& device, int64_t count);

}  // namespace nety::cuda
