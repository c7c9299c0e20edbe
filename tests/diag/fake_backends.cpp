#include "tests/diag/fake_backends.h"

#include <signal.h>

#include <cmath>
#include <thread>

#include "core/backends/native/native.h"

namespace nety::diag {
namespace {

class Misbehaving final : public model::Backend {
 public:
  Misbehaving(std::unique_ptr<model::Backend> inner, std::string mode)
      : inner_(std::move(inner)), mode_(std::move(mode)) {}

  std::string_view name() const override { return inner_->name(); }
  std::string_view device() const override { return inner_->device(); }
  std::string kernel(precision::ModeId mode) const override { return inner_->kernel(mode); }
  int threads() const override { return inner_->threads(); }
  model::WeightPtr prepare(const precision::MatrixView& source, precision::ModeId mode,
                           model::WeightUse use) override {
    if (mode_ == "nf4-dq") throw Error(ErrorKind::kUsage, "no such mode here");
    return inner_->prepare(source, mode, use);
  }
  std::unique_ptr<model::KvCache> make_cache(const model::CacheShape& shape) override {
    return inner_->make_cache(shape);
  }
  void copy_sequence(model::KvCache& cache, int32_t from, int32_t to, int32_t length) override {
    inner_->copy_sequence(cache, from, to, length);
  }
  std::unique_ptr<model::Workspace> make_workspace(const checkpoint::ModelConfig& config,
                                                   const model::LocalShape& shape,
                                                   const model::StepLimits& limits) override {
    return inner_->make_workspace(config, shape, limits);
  }
  void begin_step(const model::Batch& batch, model::Workspace& workspace,
                  model::KvCache& cache) override {
    several_ = batch.tokens.size() > 1;
    inner_->begin_step(batch, workspace, cache);
  }
  void embed(const model::Weight& table) override { inner_->embed(table); }
  void qkv(const model::LayerWeights& layer, const model::LayerSpec& spec, int64_t index) override {
    inner_->qkv(layer, spec, index);
  }
  void attention(const model::LayerWeights& layer, const model::LayerSpec& spec,
                 int64_t index) override {
    inner_->attention(layer, spec, index);
  }
  void attention_output(const model::LayerWeights& layer, const model::LayerSpec& spec) override {
    inner_->attention_output(layer, spec);
  }
  void gate_up(const model::LayerWeights& layer, const model::LayerSpec& spec) override {
    inner_->gate_up(layer, spec);
  }
  void experts(const model::LayerWeights& layer, const model::LayerSpec& spec) override {
    inner_->experts(layer, spec);
  }
  void down(const model::LayerWeights& layer, const model::LayerSpec& spec) override {
    inner_->down(layer, spec);
  }
  void head(const model::Weight& norm, const model::Weight* norm_bias, const model::Weight& output,
            std::span<float> logits, int64_t width) override {
    if (mode_ == "bf16") ::raise(SIGKILL);
    if (mode_ == "fp16") std::this_thread::sleep_for(std::chrono::hours(1));
    if (mode_ == "fp4") throw Error(ErrorKind::kInternal, "the kernel gave up");
    inner_->head(norm, norm_bias, output, logits, width);
    if (mode_ == "int8" && several_) logits[logits.size() / 2] += 1;
    if (mode_ == "nf4")
      for (float& value : logits) value *= 1.001F;
    if (mode_ == "fp4-dq") logits[3] = std::nanf("");
  }
  void end_step() override { inner_->end_step(); }

 private:
  std::unique_ptr<model::Backend> inner_;
  std::string mode_;
  bool several_ = false;
};

}  // namespace

std::unique_ptr<model::Backend> native_backend(const TrialRequest& request) {
  return native::make_backend(
      {.threads = static_cast<int>(request.run.threads), .isa = request.run.isa, .device = "cpu"},
      machine::host());
}

std::unique_ptr<model::Backend> misbehaving_backend(const TrialRequest& request) {
  return std::make_unique<Misbehaving>(native_backend(request), request.run.mode);
}

}  // namespace nety::diag
