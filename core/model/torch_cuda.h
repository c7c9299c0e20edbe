// LibTorch's CUDA half: a library of its own beside the CPU's, opened only where a GPU is asked
// for, because it needs much that most machines lack.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nety::model {

/// What was found in a LibTorch's folder, and why it cannot be used if so.
struct TorchCuda {
  std::vector<std::filesystem::path> open;  ///< In this order; libtorch_cuda.so is the last.
  std::vector<std::string> missing;         ///< Libraries that are not there.
  std::string what, hint;                   ///< Empty: nothing speaks against it.
};

/// Looks in `folder`/lib and at all that the library there needs, the driver included, reading
/// files only. `folder` is that of a LibTorch, or empty where it lies among the system's libraries.
TorchCuda find_torch_cuda(const std::filesystem::path& folder);

}  // namespace nety::model
