// A plugin of another build of nety: its structures have other sizes.
#include "core/model/plugin_entry.h"

extern "C" __attribute__((visibility("default"))) const nety::model::PluginTable* nety_plugin_v1();
extern "C" const nety::model::PluginTable* nety_plugin_v1() {
  static nety::model::PluginTable table = nety::model::plugin_table(
      "torch", "1.0", [](const nety::model::BackendOptions*, nety::model::PluginError*) {
        return static_cast<nety::model::PluginInstance*>(nullptr);
      });
  table.layout += 1;
  return &table;
}
