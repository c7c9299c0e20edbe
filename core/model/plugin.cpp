// Finding, judging and loading plugins.
#include "core/model/plugin.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/model/plugin_backend.h"
#include "core/model/plugin_table.h"
#include "core/model/shared_library.h"
#include "core/model/toolkit.h"
#include "core/model/torch_cuda.h"

namespace nety::model {
namespace {

namespace fs = std::filesystem;
using precision::ModeId;

/// A known plugin backend, and the library that the plugin wraps.
struct Plugin {
  std::string_view name;
  std::string_view file;                 ///< The plugin is libnety_<file>.so.
  const char* title;                     ///< The library's usual name.
  const char* setup;                     ///< What to do where it is missing.
  DeviceKind device = DeviceKind::kCpu;  ///< What it computes on.
  /// Opened by the plugin itself when it is used, from the system's folders; null: none.
  const char* driver = nullptr;
  /// An optional library that the plugin opens itself; the major version of what the plugin was
  /// built for is appended. Null: none.
  const char* wanted = nullptr;
  // Null for a plugin whose library is linked in:
  const char* environment = nullptr;  ///< Variable that names the library's folder.
  const char* library = nullptr;      ///< The file in its lib/ by which it is recognised.
  const char* cache_name = nullptr;   ///< In nety's cache: <cache_name>-<version>/<cache_name>.
  /// What it has products for; empty: every mode.
  std::span<const ModeId> modes = {};
  bool on_gpu = false;  ///< Computes on a GPU too, if asked, by LibTorch's CUDA half.
};

/// Modes for which LibTorch has a faster product of its own, with another arithmetic.
constexpr ModeId kTorchFastModes[] = {ModeId::fp16, ModeId::int8, ModeId::nf4};

constexpr const char* kTorchSetup = "Run ./nety setup, or use --backend native.";

constexpr Plugin kPlugins[] = {
    {.name = "torch",
     .file = "torch",
     .title = "LibTorch",
     .setup = kTorchSetup,
     .environment = "NETY_TORCH_DIR",
     .library = "libtorch_cpu.so",
     .cache_name = "torch",
     .on_gpu = true},
    {.name = "torch-fast",
     .file = "torch",
     .title = "LibTorch",
     .setup = kTorchSetup,
     .environment = "NETY_TORCH_DIR",
     .library = "libtorch_cpu.so",
     .cache_name = "torch",
     .modes = kTorchFastModes},
    {.name = "cuda",
     .file = "cuda",
     .title = "nvcc, CUDA's compiler,",
     .setup = "Build nety where the CUDA toolkit is, or use --device cpu.",
     .device = DeviceKind::kCuda,
     .driver = "libcuda.so.1",
     .wanted = "libcublas.so."},
};

std::string joined_plugin_names() {
  std::string names;
  for (const Plugin& plugin : kPlugins)
    names += (names.empty() ? "" : ", ") + std::string(plugin.name);
  return names;
}

const Plugin& find_plugin(std::string_view name) {
  const auto* found = std::ranges::find(kPlugins, name, &Plugin::name);
  if (found == std::end(kPlugins))
    throw Error(ErrorKind::kUsage, "there is no plugin named \"" + std::string(name) + "\"",
                "Known: " + joined_plugin_names() + ".");
  return *found;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::string file_name(const Plugin& plugin) {
  return "libnety_" + std::string(plugin.file) + ".so";
}

/// The version that a LibTorch folder states: version.py in a wheel, build-version in a libtorch
/// archive.
std::string stated_version(const fs::path& folder) {
  constexpr size_t kLimit = 1 << 16;
  if (is_file(folder / "version.py")) {
    const std::string text = read_file(folder / "version.py", kLimit);
    constexpr std::string_view kKey = "__version__ = '";
    const size_t begin = text.find(kKey);
    if (begin == std::string::npos) return {};
    const size_t end = text.find('\'', begin + kKey.size());
    if (end == std::string::npos) return {};
    return text.substr(begin + kKey.size(), end - begin - kKey.size());
  }
  if (!is_file(folder / "build-version")) return {};
  const std::string text = read_file(folder / "build-version", kLimit);
  return text.substr(0, text.find_first_of("\r\n"));
}

/// "2.11" of "2.11.0+cu130": C++ interfaces hold within a minor version.
std::string_view minor_version(std::string_view version) {
  const size_t first = version.find('.');
  return first == std::string_view::npos ? version
                                         : version.substr(0, version.find('.', first + 1));
}

/// A plugin under examination: what is known so far, and what loading it takes.
struct Candidate {
  const Plugin& plugin;
  PluginStatus status;
  std::vector<fs::path> preload;

  bool refuse(std::string what, std::string hint) {
    status.what = std::move(what);
    status.hint = std::move(hint);
    return false;
  }
  bool refuse(std::string what) { return refuse(std::move(what), plugin.setup); }
};

bool locate_plugin(Candidate& candidate) {
  const std::string name = file_name(candidate.plugin);
  std::string places;
  for (const fs::path& folder : plugin_folders()) {
    if (is_file(folder / name)) {
      candidate.status.path = (folder / name).lexically_normal().string();
      return true;
    }
    places += (places.empty() ? "" : ", ") + folder.lexically_normal().string();
  }
  candidate.status.missing = {name};
  return candidate.refuse(name + " is missing (looked in " + places + ")",
                          std::string("It is built where ") + candidate.plugin.title +
                              " is found. " + candidate.plugin.setup);
}

/// The folder of the library that the plugin wraps, if it has one of its own.
bool locate_library(Candidate& candidate, const SharedLibrary& file) {
  const Plugin& plugin = candidate.plugin;
  if (plugin.library == nullptr) return true;
  const auto holds = [&](const fs::path& lib) { return is_file(lib / plugin.library); };
  if (const std::string chosen = environment(plugin.environment); !chosen.empty()) {
    if (!holds(fs::path(chosen) / "lib")) {
      candidate.status.missing = {plugin.library};
      return candidate.refuse(
          std::string(plugin.environment) + "=" + chosen + " has no lib/" + plugin.library,
          std::string("Set it to a folder with ") + plugin.title +
              "'s lib/ and include/, or unset it.");
    }
    candidate.status.library_folder = chosen;
    return true;
  }
  std::vector<fs::path> places = file.search_folders;
  const std::string cached = plugin.cache_name;
  places.push_back(cache_folder() / (cached + "-" + candidate.status.built_for) / cached / "lib");
  for (const fs::path& lib : places) {
    if (!holds(lib)) continue;
    candidate.status.library_folder = lib.parent_path().string();
    break;
  }
  return true;  // The system may have it without a folder of its own: resolving will tell.
}

bool check_version(Candidate& candidate) {
  PluginStatus& status = candidate.status;
  if (status.library_folder.empty()) return true;
  status.version = stated_version(status.library_folder);
  if (status.version.empty() || status.built_for.empty() ||
      minor_version(status.version) == minor_version(status.built_for))
    return true;
  return candidate.refuse(
      std::string(candidate.plugin.title) + " " + status.version + " in " + status.library_folder +
          " does not fit " + file_name(candidate.plugin) + ", which was built for " +
          status.built_for,
      std::string("Set ") + candidate.plugin.environment + " to a " + candidate.plugin.title + " " +
          std::string(minor_version(status.built_for)) + ", or build nety with this one.");
}

/// The driver comes with the machine; the plugin is not linked with it.
bool check_driver(Candidate& candidate) {
  const char* driver = candidate.plugin.driver;
  if (driver == nullptr) return true;
  const SharedLibrary wanted{candidate.status.path, {driver}, {}, {}};
  if (resolve_dependencies(wanted, {}, {}).missing.empty()) return true;
  candidate.status.missing = {driver};
  return candidate.refuse(std::string(driver) + " is missing: there is no NVIDIA driver here",
                          "Install the driver (in a container: start it with its GPUs), or use "
                          "--device cpu.");
}

bool resolve(Candidate& candidate, SharedLibrary file) {
  std::vector<fs::path> first;
  if (!candidate.status.library_folder.empty()) {
    first.push_back(fs::path(candidate.status.library_folder) / "lib");
    // No mixing: what one copy lacks must not come from another that the plugin was linked with.
    std::erase_if(file.search_folders,
                  [&](const fs::path& lib) { return is_file(lib / candidate.plugin.library); });
  }
  const std::vector<fs::path> last = toolkit_folders();
  Dependencies dependencies = resolve_dependencies(file, first, last);
  candidate.preload = std::move(dependencies.found);
  if (dependencies.missing.empty()) return true;

  for (const MissingLibrary& library : dependencies.missing)
    candidate.status.missing.push_back(library.name);
  return candidate.refuse(missing_text(dependencies.missing),
                          package_hints(dependencies.missing) + candidate.plugin.setup);
}

/// A library that the plugin opens itself when it runs, looked for in the same places.
void look_for_wanted(Candidate& candidate) {
  const char* wanted = candidate.plugin.wanted;
  const std::string& built_for = candidate.status.built_for;
  if (wanted == nullptr || built_for.empty()) return;
  const std::string library = wanted + built_for.substr(0, built_for.find('.'));
  const SharedLibrary user{candidate.status.path, {library}, {}, {}};
  if (!resolve_dependencies(user, {}, toolkit_folders()).missing.empty())
    candidate.status.lacking = {library};
}

Candidate examine(std::string_view name) {
  const Plugin& plugin = find_plugin(name);
  Candidate candidate{.plugin = plugin, .status = {}, .preload = {}};
  candidate.status.name = name;
  candidate.status.device = plugin.device;
  try {
    if (!locate_plugin(candidate)) return candidate;
    const SharedLibrary file = read_shared_library(candidate.status.path);
    candidate.status.built_for = file.note;
    candidate.status.available = check_driver(candidate) && locate_library(candidate, file) &&
                                 check_version(candidate) && resolve(candidate, file);
    if (candidate.status.available) look_for_wanted(candidate);
  } catch (const Error& error) {
    candidate.refuse(error.what(), error.hint());
  }
  return candidate;
}

void* open_library(const fs::path& path) { return ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); }

[[noreturn]] void refuse_loading(const Candidate& candidate, const fs::path& path,
                                 const std::string& reason) {
  const PluginStatus& status = candidate.status;
  std::string what = path.string() + " cannot be loaded: " + reason;
  std::string hint = candidate.plugin.setup;
  if (candidate.plugin.library != nullptr && reason.find("undefined symbol") != std::string::npos) {
    const std::string version = status.version.empty() ? "of unknown version" : status.version;
    what += " (" + std::string(candidate.plugin.title) + " " + version + " in " +
            (status.library_folder.empty() ? "the system's folders" : status.library_folder) +
            "; the plugin was built for " +
            (status.built_for.empty() ? "another" : status.built_for) + ")";
    hint = std::string("Set ") + candidate.plugin.environment + " to the " +
           candidate.plugin.title + " that nety was built with, or build nety again.";
  }
  throw Error(ErrorKind::kEnvironment, what, hint);
}

[[noreturn]] void refuse_loading(const Candidate& candidate, const std::string& reason) {
  refuse_loading(candidate, candidate.status.path, reason);
}

const PluginTable& open_plugin(const Candidate& candidate) {
  // LibTorch brings libgomp, whose waiting threads would spin against ours. It reads this once.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  for (const fs::path& library : candidate.preload)
    if (open_library(library) == nullptr) refuse_loading(candidate, ::dlerror());
  void* handle = open_library(candidate.status.path);
  if (handle == nullptr) refuse_loading(candidate, ::dlerror());
  void* symbol = ::dlsym(handle, kPluginEntry);
  if (symbol == nullptr)
    refuse_loading(candidate, std::string("it has no ") + kPluginEntry + ", so it is no plugin");
  const PluginTable* table = reinterpret_cast<PluginEntry>(symbol)();
  if (table->abi != kPluginAbi || table->layout != plugin_layout())
    refuse_loading(candidate, "it is of another build of nety (interface " +
                                  std::to_string(table->abi) + ", this nety has " +
                                  std::to_string(kPluginAbi) + ")");
  while (table != nullptr && table->name != candidate.plugin.name) table = table->next;
  if (table == nullptr)
    refuse_loading(candidate, "it has no backend " + std::string(candidate.plugin.name));
  return *table;
}

}  // namespace

std::vector<fs::path> plugin_folders() {
  if (const std::string chosen = environment("NETY_PLUGIN_DIR"); !chosen.empty())
    return {fs::absolute(chosen)};
  std::error_code ignored;
  const fs::path beside = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {beside, beside / "../lib/nety", beside / "../lib/x86_64-linux-gnu/nety"};
}

std::vector<std::string_view> plugin_names() {
  std::vector<std::string_view> names;
  for (const Plugin& plugin : kPlugins) names.push_back(plugin.name);
  return names;
}

DeviceKind device_of_backend(std::string_view name) {
  const auto* found = std::ranges::find(kPlugins, name, &Plugin::name);
  return found == std::end(kPlugins) ? DeviceKind::kCpu : found->device;
}

std::span<const ModeId> modes_of_backend(std::string_view name) {
  const auto* found = std::ranges::find(kPlugins, name, &Plugin::name);
  return found == std::end(kPlugins) ? std::span<const ModeId>() : found->modes;
}

PluginStatus probe_plugin(std::string_view name) { return examine(name).status; }

GpuStatus probe_gpu(std::string_view name) {
  const Candidate candidate = examine(name);
  const PluginStatus& status = candidate.status;
  if (!status.available) return {false, status.what, status.hint};
  if (status.device == DeviceKind::kCuda) return {true, {}, {}};
  if (!candidate.plugin.on_gpu)
    return {false, std::string(name) + " computes on the CPU only", "Use --device cpu."};
  const TorchCuda found = find_torch_cuda(status.library_folder);
  return {found.what.empty(), found.what, found.hint};
}

std::unique_ptr<Backend> load_plugin_backend(std::string_view name, const BackendOptions& options) {
  const Candidate candidate = examine(name);
  if (!candidate.status.available)
    throw Error(ErrorKind::kEnvironment, candidate.status.what, candidate.status.hint);
  const bool further =
      candidate.plugin.on_gpu && kind_of_device(options.device) == DeviceKind::kCuda;
  const TorchCuda cuda = further ? find_torch_cuda(candidate.status.library_folder) : TorchCuda();
  if (!cuda.what.empty()) throw Error(ErrorKind::kEnvironment, cuda.what, cuda.hint);
  const PluginTable& table = open_plugin(candidate);
  for (const fs::path& library : cuda.open)
    if (open_library(library) == nullptr) refuse_loading(candidate, library, ::dlerror());
  return make_plugin_backend(table, options);
}

}  // namespace nety::model
