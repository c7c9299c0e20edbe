// GPUs with the reason why each is not usable, in a form that has every language.
#pragma once

#include <optional>
#include <vector>

#include "core/base/messages.h"
#include "core/machine/machine.h"

namespace nety::machine {

/// What a program built with a CUDA toolkit needs of driver and device.
struct CudaNeeds {
  int runtime = 13000;          ///< As cuDriverGetVersion counts: 1000 x major + 10 x minor.
  const char* driver = "580";   ///< The first driver that has it.
  int compute_capability = 75;  ///< The oldest it has code for: 10 x major + minor.
};
/// CUDA 13, which our plugin and PyTorch's current wheels are built with: it has dropped Maxwell,
/// Pascal and Volta (CUDA 13.0 release notes).
inline constexpr CudaNeeds kCuda13;

struct FoundGpu {
  results::Gpu gpu;             ///< `usable` and `reason` (in English) say the same as:
  std::optional<Text> trouble;  ///< Why it is not usable.
};

/// All of them, as gpus() orders them.
std::vector<FoundGpu> find_gpus(const Machine& machine);

/// Why a program with those needs cannot use a GPU that CUDA lists; nothing if it can.
std::optional<Text> cuda_trouble(const results::Gpu& gpu, const CudaNeeds& needs);

}  // namespace nety::machine
