// The C boundary between nety and its plugins: a table of functions that never throw.
//
// A plugin is a shared library lib<nety_NAME>.so that exports one function, nety_plugin_v1. It
// returns the table of its backend, or of the first of several. Plugin and program are parts of one
// build: C++ types cross the boundary, and `layout` proves that both sides mean the same by them.
// Exceptions do not cross: each function catches all and fills a PluginError, which the program
// throws again as a nety::Error of its own. Weights, workspaces and caches cross as objects; their
// methods do not throw, and the plugin stays loaded until the process ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/model/backend.h"

namespace nety::model {

/// Counts the changes of PluginTable itself. `layout` covers the types it mentions.
inline constexpr uint32_t kPluginAbi = 6;

/// What went wrong inside a plugin; texts are cut to fit and end in zero.
struct PluginError {
  int32_t kind = 0;  ///< An ErrorKind.
  char what[1024] = {};
  char hint[512] = {};
};

/// A backend inside a plugin, opaque to the program.
struct PluginInstance;

/// Where a function's result goes; a function without one is given an empty place.
struct NoResult {};
template <class Result>
using ResultPlace = std::conditional_t<std::is_void_v<Result>, NoResult, Result>;

/// How a function of Backend crosses: false after filling the error.
template <class Result, class... Arguments>
using PluginFunction = bool (*)(PluginInstance*, PluginError*, ResultPlace<Result>*, Arguments...);

template <class Result, class... Arguments>
PluginFunction<Result, Arguments...> crossing(Result (Backend::*)(Arguments...));
template <class Result, class... Arguments>
PluginFunction<Result, Arguments...> crossing(Result (Backend::*)(Arguments...) const);

/// Backend's functions, in the order of plugin_operations.def.
struct PluginOperations {
#define NETY_OPERATION(name) decltype(crossing(&Backend::name)) name;
#include "core/model/plugin_operations.def"
#undef NETY_OPERATION
};

struct PluginTable {
  uint32_t abi;             ///< kPluginAbi of the plugin's build. First: read before anything else.
  uint32_t size;            ///< sizeof(PluginTable)
  uint64_t layout;          ///< plugin_layout() of the plugin's build.
  const char* name;         ///< Of the backend: "torch"
  const char* built_for;    ///< Version of the library it was compiled against: "2.11.0".
  const PluginTable* next;  ///< Another backend of the same plugin; null: this is the last.

  /// Null after filling the error.
  PluginInstance* (*create)(const BackendOptions* options, PluginError* error);
  void (*destroy)(PluginInstance* instance);
  PluginOperations operations;
};

/// A fingerprint (FNV-1a) of everything that crosses by its C++ type: the modes in order, and the
/// sizes of the structures.
constexpr uint64_t plugin_layout() {
  uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](uint64_t byte) { hash = (hash ^ byte) * 1099511628211ULL; };
  constexpr std::string_view kNames[] = {
#define NETY_MODE(symbol, name, ...) name,
#include "core/precision/modes.def"
#undef NETY_MODE
#define NETY_OPERATION(name) #name,
#include "core/model/plugin_operations.def"
#undef NETY_OPERATION
  };
  for (const std::string_view name : kNames)
    for (const char letter : name) add(static_cast<unsigned char>(letter));
  for (const size_t size :
       {sizeof(PluginTable), sizeof(BackendOptions), sizeof(Batch), sizeof(CacheShape),
        sizeof(LayerWeights), sizeof(ExpertWeights), sizeof(LocalShape), sizeof(StepLimits),
        sizeof(ActivationRows), sizeof(checkpoint::Rope), sizeof(checkpoint::LayerSpec),
        sizeof(checkpoint::ModelConfig), sizeof(precision::MatrixView)}) {
    add(size & 0xff);
    add(size >> 8);
  }
  return hash;
}

/// The one symbol that a plugin exports.
inline constexpr const char* kPluginEntry = "nety_plugin_v1";
using PluginEntry = const PluginTable* (*)();

}  // namespace nety::model
