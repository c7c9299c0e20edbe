// A plugin that needs nothing and says that it was built for version 99.1.2.
#include "core/model/plugin_entry.h"

namespace {
alignas(4) __attribute__((section(".note.nety"), used)) constexpr nety::model::PluginNote kNote =
    nety::model::plugin_note("99.1.2");
}

extern "C" __attribute__((visibility("default"))) const nety::model::PluginTable* nety_plugin_v1();
extern "C" const nety::model::PluginTable* nety_plugin_v1() { return nullptr; }
