// cuBLAS by dlopen: the plugin loads, and runs by its own kernels, on a machine without it.
#pragma once

#include <memory>
#include <string>

#include "core/backends/cuda/device.h"

namespace nety::cuda {

class Cublas {
 public:
  virtual ~Cublas() = default;
  virtual const std::string& name() const = 0;  ///< "cuBLAS 13.1.0"
  /// Error: kInternal with cuBLAS's status.
  virtual void multiply(const BlasProduct& product) = 0;
};

/// Looks for the library of the plugin's CUDA version where the loader does, in CUDA_HOME and
/// CUDA_PATH, and in the toolkit's usual folder. Null where it is missing or does not start.
std::unique_ptr<Cublas> open_cublas(Stream stream);

}  // namespace nety::cuda
