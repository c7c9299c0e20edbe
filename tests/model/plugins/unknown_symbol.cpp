// A plugin of a library whose names have changed: it calls one that nothing defines.
#include "core/model/plugin_table.h"

extern "C" int a_name_of_another_version();
extern "C" __attribute__((visibility("default"))) const nety::model::PluginTable* nety_plugin_v1();
extern "C" const nety::model::PluginTable* nety_plugin_v1() {
  static nety::model::PluginTable table{};
  table.abi = static_cast<uint32_t>(a_name_of_another_version());
  return &table;
}
