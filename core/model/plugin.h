// Backends that live in shared libraries of their own, so that nety itself starts on a machine
// where LibTorch or CUDA is broken. A plugin that cannot load is a finding, never a crash.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/backend.h"
#include "core/results/device.h"

namespace nety::model {

/// What is known of a plugin without loading it. Paths are empty where nothing was found.
struct PluginStatus {
  bool available = false;      ///< No reason was found why it could not be loaded.
  std::string name;            ///< "torch", "torch-fast", "cuda"
  std::string path;            ///< .../libnety_torch.so
  std::string library_folder;  ///< The LibTorch it would use: the folder that has lib/.
  std::string version;         ///< That LibTorch's version, "2.11.0+cu130"; empty: unknown.
  std::string built_for;       ///< The version the plugin was compiled against.
  DeviceKind device = DeviceKind::kCpu;  ///< What it computes on.
  std::vector<std::string> missing;      ///< Files and libraries that are not there.
  std::vector<std::string> lacking;      ///< Libraries without which it runs, but slower.
  std::string what;                      ///< Why it is not available, in one sentence.
  std::string hint;                      ///< What to do about it.
};

/// Where libraries are looked for that the program opens itself (see probe_plugin).
std::vector<std::filesystem::path> plugin_folders();

/// The backends in plugins that nety knows, in the order of the table in plugin.cpp: "torch",
/// "torch-fast" (of the same file), "cuda".
std::vector<std::string_view> plugin_names();

/// What the backend of that name computes on; a CPU for a name that is no plugin's.
DeviceKind device_of_backend(std::string_view name);

/// The modes that the backend of that name has products for; empty: all.
std::span<const precision::ModeId> modes_of_backend(std::string_view name);

/// Looks for the plugin and for all that it needs, reading files only: nothing is loaded, and it
/// takes a few milliseconds.
///
/// The plugin is looked for in $NETY_PLUGIN_DIR if that is set, else beside the executable and in
/// ../lib/nety and ../lib/<architecture>/nety from there. Its library (LibTorch) is the one in
/// $NETY_TORCH_DIR if that is set, else the one it was linked with if still there, else the one in
/// nety's cache. The cuda plugin has its library inside; of the driver only the file is looked for.
/// Error: kUsage for a name that is not in the table.
PluginStatus probe_plugin(std::string_view name);

/// Whether a backend could compute on a GPU, and why not.
struct GpuStatus {
  bool possible = false;  ///< No reason was found against it.
  std::string what, hint;
};

/// Looks for what the backend needs for that, reading files only: for torch LibTorch's CUDA half
/// and the driver. Error: kUsage for a name that is not in the table.
GpuStatus probe_gpu(std::string_view name);

/// Loads the plugin and makes its backend; for torch on a "cuda:N" LibTorch's CUDA half as well.
/// The plugin stays loaded until the process ends.
/// Errors: kEnvironment, naming what is missing or does not match; what the backend itself throws.
std::unique_ptr<Backend> load_plugin_backend(std::string_view name, const BackendOptions& options);

}  // namespace nety::model
