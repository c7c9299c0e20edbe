// hwloc by dlopen. Its types are opaque pointers, so its few functions are declared here; the
// number in the library's name changes with its binary interface (hwloc documentation, "ABI").
#include <dlfcn.h>

#include <fmt/core.h>

#include <array>

#include "core/machine/host_questions.h"

namespace nety::machine {
namespace {

constexpr const char* kLibrary = "libhwloc.so.15";
constexpr size_t kLongest = 4096;

using Topology = struct hwloc_topology*;

template <class Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  return function != nullptr;
}

Answer<std::string> exported(void* library) {
  int (*init)(Topology*) = nullptr;
  int (*load)(Topology) = nullptr;
  int (*synthetic)(Topology, char*, size_t, unsigned long) = nullptr;
  void (*destroy)(Topology) = nullptr;
  if (!find(library, "hwloc_topology_init", init) || !find(library, "hwloc_topology_load", load) ||
      !find(library, "hwloc_topology_export_synthetic", synthetic) ||
      !find(library, "hwloc_topology_destroy", destroy))
    return {{}, fmt::format("{} lacks a function", kLibrary)};
  Topology topology = nullptr;
  if (init(&topology) != 0) return {{}, "hwloc_topology_init failed"};
  std::array<char, kLongest> text{};
  Answer<std::string> answer{{}, "hwloc_topology_load failed"};
  if (load(topology) == 0) {
    if (synthetic(topology, text.data(), text.size() - 1, 0) >= 0)
      answer = {std::string(text.data()), ""};
    else
      answer.reason = "the machine is not symmetric, so it has no short form";
  }
  destroy(topology);
  return answer;
}

}  // namespace

Answer<std::string> ask_hwloc() {
  void* library = dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return {{}, fmt::format("{} is not installed", kLibrary)};
  Answer<std::string> answer = exported(library);
  dlclose(library);
  return answer;
}

}  // namespace nety::machine
