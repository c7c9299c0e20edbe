// A GPU that is none: memory of the host, kernels by simt.h, cuBLAS by loops.
#pragma once

#include <memory>

#include "core/backends/cuda/device.h"

namespace nety::cuda {

struct Emulation {
  bool blas = false;                          ///< Whether it has a cuBLAS.
  uint64_t memory_bytes = uint64_t{1} << 30;  ///< What it says is free, and gives in all.
  int processors = 4;
};

std::unique_ptr<Device> emulated_device(const Emulation& emulation = {});

/// Graphs launched again without being captured first, by all emulated devices so far.
int64_t graphs_replayed();

}  // namespace nety::cuda
