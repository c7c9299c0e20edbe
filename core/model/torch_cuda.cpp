// Checks LibTorch's CUDA half before it is opened, reading files only.
#include "core/model/torch_cuda.h"

#include "core/base/error.h"
#include "core/model/shared_library.h"
#include "core/model/toolkit.h"

namespace nety::model {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libtorch_cuda.so";
constexpr const char* kDriver = "libcuda.so.1";
constexpr const char* kWhole =
    "Set NETY_TORCH_DIR to a LibTorch with CUDA (the torch folder of a Python environment), or use "
    "--device cpu or --backend cuda.";

TorchCuda refused(std::vector<std::string> missing, std::string what, std::string hint) {
  return {{}, std::move(missing), std::move(what), std::move(hint)};
}

}  // namespace

TorchCuda find_torch_cuda(const fs::path& folder) {
  const fs::path path = folder / "lib" / kLibrary;
  std::error_code ignored;
  if (folder.empty() || !fs::is_regular_file(path, ignored))
    return refused({kLibrary},
                   folder.empty() ? std::string("LibTorch is not in a folder of its own")
                                  : "LibTorch in " + folder.string() + " has no lib/" + kLibrary +
                                        ": it computes on the CPU only",
                   kWhole);
  try {
    if (!resolve_dependencies({path, {kDriver}, {}, {}}, {}, {}).missing.empty())
      return refused({kDriver},
                     std::string(kDriver) + " is missing: there is no NVIDIA driver here",
                     "Install the driver (in a container: start it with its GPUs), or use "
                     "--device cpu.");
    const fs::path lib[] = {folder / "lib"};
    Dependencies needed = resolve_dependencies(read_shared_library(path), lib, toolkit_folders());
    if (needed.missing.empty()) {
      needed.found.push_back(path);
      return {std::move(needed.found), {}, {}, {}};
    }
    TorchCuda out =
        refused({}, missing_text(needed.missing), package_hints(needed.missing) + kWhole);
    for (const MissingLibrary& library : needed.missing) out.missing.push_back(library.name);
    return out;
  } catch (const Error& error) {
    return refused({}, error.what(), kWhole);
  }
}

}  // namespace nety::model
