// A plugin that needs the fake LibTorch and says that it was built for version 2.11.0.
#include "core/model/plugin_entry.h"

namespace {
alignas(4) __attribute__((section(".note.nety"), used)) constexpr nety::model::PluginNote kNote =
    nety::model::plugin_note("2.11.0");
}

extern "C" __attribute__((visibility("default"))) const nety::model::PluginTable* nety_plugin_v1();
extern "C" const nety::model::PluginTable* nety_plugin_v1() { return nullptr; }
