// The one symbol of libnety_torch.so, and the note that says which LibTorch it was built for.
#include "core/backends/torch/torch_backend.h"
#include "core/model/plugin_entry.h"

namespace {

alignas(4) __attribute__((section(".note.nety"), used)) constexpr nety::model::PluginNote kNote =
    nety::model::plugin_note(NETY_TORCH_BUILT_FOR);

nety::model::PluginInstance* create(const nety::model::BackendOptions* options,
                                    nety::model::PluginError* error) {
  return nety::model::create_instance(nety::torch_backend::make_torch_backend,
                                      nety::torch_backend::translate_error, *options, *error);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const nety::model::PluginTable* nety_plugin_v1() {
  static const nety::model::PluginTable table =
      nety::model::plugin_table("torch", NETY_TORCH_BUILT_FOR, create);
  return &table;
}
