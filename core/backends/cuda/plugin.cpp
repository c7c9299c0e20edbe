// The one symbol of libnety_cuda.so, and the note that says which CUDA it was built with.
#include "core/backends/cuda/cuda_backend.h"
#include "core/model/plugin_entry.h"

namespace {

alignas(4) __attribute__((section(".note.nety"), used)) constexpr nety::model::PluginNote kNote =
    nety::model::plugin_note(NETY_CUDA_BUILT_FOR);

std::unique_ptr<nety::model::Backend> make(const nety::model::BackendOptions& options) {
  return nety::cuda::make_backend(nety::cuda::open_device(options.device), options);
}

nety::model::PluginInstance* create(const nety::model::BackendOptions* options,
                                    nety::model::PluginError* error) {
  return nety::model::create_instance(make, nety::cuda::translate_error, *options, *error);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const nety::model::PluginTable* nety_plugin_v1() {
  static const nety::model::PluginTable table =
      nety::model::plugin_table("cuda", NETY_CUDA_BUILT_FOR, create);
  return &table;
}
