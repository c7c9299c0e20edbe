// A plugin whose backend throws something else from every operation.
#include <new>
#include <stdexcept>

#include "core/model/plugin_entry.h"

namespace {

using namespace nety;
using namespace nety::model;

class ThrowingBackend final : public Backend {
 public:
  std::string_view name() const override { return "throwing"; }
  std::string_view device() const override { return "nowhere"; }
  int threads() const override { return 3; }
  std::string kernel(precision::ModeId /*mode*/) const override { return "no kernel"; }
  WeightPtr prepare(const precision::MatrixView& /*source*/, precision::ModeId /*mode*/,
                    WeightUse /*use*/) override {
    throw Error(ErrorKind::kUsage, "no such mode", "Choose another.");
  }
  std::unique_ptr<KvCache> make_cache(const CacheShape& /*shape*/) override {
    throw std::bad_alloc();
  }
  void copy_sequence(KvCache& /*cache*/, int32_t /*from*/, int32_t /*to*/,
                     int32_t /*length*/) override {}
  std::unique_ptr<Workspace> make_workspace(const checkpoint::ModelConfig& /*config*/,
                                            const LocalShape& /*shape*/,
                                            const StepLimits& /*limits*/) override {
    throw std::runtime_error("first line\nsecond line");
  }
  void begin_step(const Batch& /*batch*/, Workspace& /*workspace*/, KvCache& /*cache*/) override {}
  void embed(const Weight& /*table*/) override {}
  void qkv(const LayerWeights& /*layer*/, const LayerSpec& /*spec*/, int64_t /*index*/) override {}
  void attention(const LayerWeights& /*layer*/, const LayerSpec& /*spec*/,
                 int64_t /*index*/) override {
    throw 42;
  }
  void attention_output(const LayerWeights& /*layer*/, const LayerSpec& /*spec*/) override {}
  void gate_up(const LayerWeights& /*layer*/, const LayerSpec& /*spec*/) override {}
  void down(const LayerWeights& /*layer*/, const LayerSpec& /*spec*/) override {}
  void experts(const LayerWeights& /*layer*/, const LayerSpec& /*spec*/) override {}
  void head(const Weight& /*norm*/, const Weight* /*norm_bias*/, const Weight& /*output*/,
            std::span<float> /*logits*/, int64_t /*width*/) override {}
  void end_step() override { throw std::runtime_error(std::string(5000, 'x')); }
};

std::unique_ptr<Backend> make(const BackendOptions& options) {
  if (options.device == "impossible") throw Error(ErrorKind::kEnvironment, "no such device");
  return std::make_unique<ThrowingBackend>();
}

Error translate(const std::exception& error) {
  const std::string_view text = error.what();
  return {ErrorKind::kInternal, "translated: " + std::string(text.substr(0, text.find('\n')))};
}

PluginInstance* create(const BackendOptions* options, PluginError* error) {
  return create_instance(make, translate, *options, *error);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const PluginTable* nety_plugin_v1();
extern "C" const PluginTable* nety_plugin_v1() {
  static const PluginTable table = plugin_table("torch", "1.0", create);
  return &table;
}
