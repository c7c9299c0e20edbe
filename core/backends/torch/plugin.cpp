// The one symbol of libnety_torch.so, its two backends, and the note that says which LibTorch it
// was built for.
#include "core/backends/torch/torch_backend.h"
#include "core/model/plugin_entry.h"

namespace {

using nety::model::BackendOptions;
using nety::model::PluginError;
using nety::model::PluginInstance;
using nety::model::PluginTable;
using nety::torch_backend::Products;

alignas(4) __attribute__((section(".note.nety"), used)) constexpr nety::model::PluginNote kNote =
    nety::model::plugin_note(NETY_TORCH_BUILT_FOR);

template <Products kProducts>
std::unique_ptr<nety::model::Backend> make(const BackendOptions& options) {
  return nety::torch_backend::make_torch_backend(options, kProducts);
}

template <Products kProducts>
PluginInstance* create(const BackendOptions* options, PluginError* error) {
  return nety::model::create_instance(make<kProducts>, nety::torch_backend::translate_error,
                                      *options, *error);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const PluginTable* nety_plugin_v1() {
  static const PluginTable fast = nety::model::plugin_table("torch-fast", NETY_TORCH_BUILT_FOR,
                                                            create<Products::kFast>, nullptr);
  static const PluginTable plain =
      nety::model::plugin_table("torch", NETY_TORCH_BUILT_FOR, create<Products::kPlain>, &fast);
  return &plain;
}
