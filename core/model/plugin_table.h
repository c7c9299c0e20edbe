// The C boundary between nety and its plugins: a table of functions that never throw.
//
// A plugin is a shared library lib<nety_NAME>.so that exports one function, nety_plugin_v1, which
// gives the table of its backend, or of the first of several. Plugin and program are parts of one
// build: C++ types cross the boundary, and `layout` proves that both sides mean the same by them.
// Exceptions do not cross: each function catches all and fills a PluginError, which the program
// throws again as a nety::Error of its own. Weights and caches cross as objects; their methods do
// not throw, and the plugin stays loaded until the process ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/model/backend.h"

namespace nety::model {

/// Counts the changes of PluginTable itself. `layout` covers the types it mentions.
inline constexpr uint32_t kPluginAbi = 3;

/// What went wrong inside a plugin; texts are cut to fit and end in zero.
struct PluginError {
  int32_t kind = 0;  ///< An ErrorKind.
  char what[1024] = {};
  char hint[512] = {};
};

/// A backend inside a plugin, opaque to the program.
struct PluginInstance;

/// Functions that return bool return false after filling the error. Pointers are never null unless
/// the description says so.
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

  const char* (*device)(const PluginInstance* instance);
  int (*threads)(const PluginInstance* instance);
  /// Writes a zero-ended text into out [size], cut to fit.
  bool (*kernel)(const PluginInstance* instance, precision::ModeId mode, char* out, size_t size,
                 PluginError* error);
  bool (*read_bandwidth)(PluginInstance* instance, uint64_t bytes, double* bytes_per_s,
                         PluginError* error);
  bool (*product_rate)(PluginInstance* instance, precision::ModeId mode, double* ops_per_s,
                       PluginError* error);
  uint64_t (*device_bytes)(const PluginInstance* instance);
  /// Null after filling the error; the caller deletes the result.
  Weight* (*prepare)(PluginInstance* instance, const precision::MatrixView* source,
                     precision::ModeId mode, PluginError* error);
  Weight* (*prepare_table)(PluginInstance* instance, const precision::MatrixView* source,
                           precision::ModeId mode, PluginError* error);
  Weight* (*prepare_tied)(PluginInstance* instance, const precision::MatrixView* source,
                          precision::ModeId mode, PluginError* error);
  KvCache* (*make_cache)(PluginInstance* instance, const CacheShape* shape, PluginError* error);
  bool (*reserve)(PluginInstance* instance, const checkpoint::ModelConfig* config, int64_t context,
                  int64_t max_tokens, int64_t max_logits, PluginError* error);

  bool (*begin_step)(PluginInstance* instance, const Batch* batch, KvCache* cache,
                     PluginError* error);
  bool (*embed)(PluginInstance* instance, const Weight* table, PluginError* error);
  bool (*qkv)(PluginInstance* instance, const LayerWeights* layer, int64_t index,
              PluginError* error);
  bool (*attention)(PluginInstance* instance, int64_t index, PluginError* error);
  bool (*attention_output)(PluginInstance* instance, const LayerWeights* layer, PluginError* error);
  bool (*gate_up)(PluginInstance* instance, const LayerWeights* layer, PluginError* error);
  bool (*down)(PluginInstance* instance, const LayerWeights* layer, PluginError* error);
  bool (*head)(PluginInstance* instance, const Weight* norm, const Weight* output, float* logits,
               size_t size, PluginError* error);
  bool (*end_step)(PluginInstance* instance, PluginError* error);
};

/// A fingerprint (FNV-1a) of everything that crosses by its C++ type: the modes in order, and the
/// sizes of the structures.
constexpr uint64_t plugin_layout() {
  uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](uint64_t byte) { hash = (hash ^ byte) * 1099511628211ULL; };
  constexpr std::string_view kModeNames[] = {
#define NETY_MODE(symbol, name, ...) name,
#include "core/precision/modes.def"
#undef NETY_MODE
  };
  for (const std::string_view name : kModeNames)
    for (const char letter : name) add(static_cast<unsigned char>(letter));
  for (const size_t size : {sizeof(PluginTable), sizeof(BackendOptions), sizeof(Batch),
                            sizeof(CacheShape), sizeof(LayerWeights), sizeof(checkpoint::Rope),
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
