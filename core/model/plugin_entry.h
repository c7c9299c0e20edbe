// The plugin's side of the boundary: makes a PluginTable from a Backend. Plugins compile
// plugin_entry.cpp into themselves; the program does not use it.
#pragma once

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <string_view>

#include "core/base/error.h"
#include "core/model/plugin_table.h"

namespace nety::model {

/// Makes an Error of an exception that the plugin's library threw.
using ErrorTranslator = Error (*)(const std::exception& error);
using BackendMaker = std::unique_ptr<Backend> (*)(const BackendOptions& options);

/// Makes the instance that the rest of the table works on; null after filling `error`.
PluginInstance* create_instance(BackendMaker make, ErrorTranslator translate,
                                const BackendOptions& options, PluginError& error) noexcept;

/// The table of a backend: `create` is a function of the plugin's own that calls create_instance().
PluginTable plugin_table(const char* name, const char* built_for,
                         PluginInstance* (*create)(const BackendOptions*, PluginError*),
                         const PluginTable* next = nullptr) noexcept;

/// The ELF note by which nety knows, without loading the plugin, what it was built for. Define one
/// per plugin, in section ".note.nety", alignas(4): notes are read in steps of four bytes.
struct PluginNote {
  uint32_t owner_size = 5;
  uint32_t text_size = 32;
  uint32_t type = 1;
  char owner[8] = "NETY";
  char text[32] = {};
};

constexpr PluginNote plugin_note(std::string_view built_for) {
  PluginNote note;
  std::copy_n(built_for.begin(), std::min(built_for.size(), sizeof(note.text) - 1), note.text);
  return note;
}

}  // namespace nety::model
