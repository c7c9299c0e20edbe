// Forwarding, one line per operation; a PluginError becomes an Error again.
#include "core/model/plugin_backend.h"

#include "core/base/error.h"

namespace nety::model {
namespace {

[[noreturn]] void raise(const PluginError& error) {
  throw Error(static_cast<ErrorKind>(error.kind), error.what, error.hint);
}

class PluginBackend final : public Backend {
 public:
  PluginBackend(const PluginTable& table, const BackendOptions& options)
      : table_(table), instance_(table.create(&options, &error_)) {
    if (instance_ == nullptr) raise(error_);
  }
  ~PluginBackend() override { table_.destroy(instance_); }
  PluginBackend(const PluginBackend&) = delete;
  PluginBackend& operator=(const PluginBackend&) = delete;

  std::string_view name() const override { return table_.name; }
  std::string_view device() const override { return table_.device(instance_); }
  int threads() const override { return table_.threads(instance_); }

  std::string kernel(precision::ModeId mode) const override {
    char text[128] = {};
    PluginError error;
    if (!table_.kernel(instance_, mode, text, sizeof(text), &error)) raise(error);
    return text;
  }

  double read_bandwidth(uint64_t bytes) override {
    double bytes_per_s = 0;
    check(table_.read_bandwidth(instance_, bytes, &bytes_per_s, &error_));
    return bytes_per_s;
  }
  double product_rate(precision::ModeId mode) override {
    double ops_per_s = 0;
    check(table_.product_rate(instance_, mode, &ops_per_s, &error_));
    return ops_per_s;
  }
  uint64_t device_bytes() const override { return table_.device_bytes(instance_); }

  WeightPtr prepare(const precision::MatrixView& source, precision::ModeId mode) override {
    return prepared(table_.prepare(instance_, &source, mode, &error_));
  }
  WeightPtr prepare_table(const precision::MatrixView& source, precision::ModeId mode) override {
    return prepared(table_.prepare_table(instance_, &source, mode, &error_));
  }
  WeightPtr prepare_tied(const precision::MatrixView& source, precision::ModeId mode) override {
    return prepared(table_.prepare_tied(instance_, &source, mode, &error_));
  }
  std::unique_ptr<KvCache> make_cache(const CacheShape& shape) override {
    std::unique_ptr<KvCache> cache(table_.make_cache(instance_, &shape, &error_));
    if (cache == nullptr) raise(error_);
    return cache;
  }
  void reserve(const checkpoint::ModelConfig& config, int64_t context, int64_t max_tokens,
               int64_t max_logits) override {
    check(table_.reserve(instance_, &config, context, max_tokens, max_logits, &error_));
  }

  void begin_step(const Batch& batch, KvCache& cache) override {
    check(table_.begin_step(instance_, &batch, &cache, &error_));
  }
  void embed(const Weight& table) override { check(table_.embed(instance_, &table, &error_)); }
  void qkv(const LayerWeights& layer, int64_t index) override {
    check(table_.qkv(instance_, &layer, index, &error_));
  }
  void attention(int64_t index) override { check(table_.attention(instance_, index, &error_)); }
  void attention_output(const LayerWeights& layer) override {
    check(table_.attention_output(instance_, &layer, &error_));
  }
  void gate_up(const LayerWeights& layer) override {
    check(table_.gate_up(instance_, &layer, &error_));
  }
  void down(const LayerWeights& layer) override { check(table_.down(instance_, &layer, &error_)); }
  void head(const Weight& norm, const Weight& output, std::span<float> logits) override {
    check(table_.head(instance_, &norm, &output, logits.data(), logits.size(), &error_));
  }
  void end_step() override { check(table_.end_step(instance_, &error_)); }

 private:
  WeightPtr prepared(Weight* weight) const {
    if (weight == nullptr) raise(error_);
    return WeightPtr(weight);
  }
  void check(bool done) const {
    if (!done) raise(error_);
  }

  const PluginTable& table_;
  PluginError error_;
  PluginInstance* instance_;
};

}  // namespace

std::unique_ptr<Backend> make_plugin_backend(const PluginTable& table,
                                             const BackendOptions& options) {
  return std::make_unique<PluginBackend>(table, options);
}

}  // namespace nety::model
