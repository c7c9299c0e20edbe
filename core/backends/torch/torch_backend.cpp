// The seven operations in ATen. Norms, rotations, softmax and the residual stream are fp32 in every
// mode; a product takes its inputs in the type of its weight.
#include "core/backends/torch/torch_backend.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/stack.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <string>

#include "core/backends/torch/attention.h"
#include "core/backends/torch/device.h"
#include "core/backends/torch/weight.h"
#include "core/model/rope.h"
#include "core/model/whole_models.h"

namespace nety::torch_backend {
namespace {

using model::Batch;
using model::LayerWeights;
using model::Slot;
using model::Weight;
using precision::ModeId;

at::Tensor product(const at::Tensor& x, const Weight& weight, const Weight* bias) {
  return cast(weight).multiply(x, bias == nullptr ? nullptr : &cast(*bias));
}

at::Tensor tensor_of(std::span<const int32_t> values, c10::Device device) {
  return at::from_blob(const_cast<int32_t*>(values.data()), {static_cast<int64_t>(values.size())},
                       at::TensorOptions(at::kInt))
      .to(device, at::kInt, false, true);
}

/// ATen allocates a step's tensors itself: what is kept is what the arithmetic needs of the model.
struct TorchWorkspace final : model::Workspace {
  explicit TorchWorkspace(const checkpoint::ModelConfig& of)
      : config(of), rope(model::rope_table(of, 0)) {}

  checkpoint::ModelConfig config;
  model::RopeTable rope;
};

class TorchBackend final : public model::Backend {
 public:
  TorchBackend(const model::BackendOptions& options, Products products)
      : products_(products),
        device_(usable_device(options.device)),
        device_name_(device_.str()),
        threads_(options.threads),
        compute_(options.compute) {
    at::set_num_threads(threads_);
    if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
  }

  std::string_view name() const override {
    return products_ == Products::kFast ? "torch-fast" : "torch";
  }
  std::string_view device() const override { return device_name_; }
  int threads() const override { return threads_; }
  std::string kernel(ModeId mode) const override;

  model::WeightPtr prepare(const precision::MatrixView& source, ModeId mode,
                           model::WeightUse use) override;
  std::unique_ptr<model::KvCache> make_cache(const model::CacheShape& shape) override {
    const c10::InferenceMode guard;
    return std::make_unique<TorchCache>(shape, device_);
  }
  std::unique_ptr<model::Workspace> make_workspace(const checkpoint::ModelConfig& config,
                                                   const model::LocalShape& shape,
                                                   const model::StepLimits& /*limits*/) override {
    model::require_whole(shape, name());
    return std::make_unique<TorchWorkspace>(config);
  }

  void begin_step(const Batch& batch, model::Workspace& workspace, model::KvCache& cache) override;
  void embed(const Weight& table) override;
  void qkv(const LayerWeights& layer, int64_t index) override;
  void attention(int64_t index) override;
  void attention_output(const LayerWeights& layer) override;
  void gate_up(const LayerWeights& layer) override;
  void down(const LayerWeights& layer) override;
  void head(const Weight& norm, const Weight& output, std::span<float> logits,
            int64_t width) override;
  void end_step() override;

 private:
  at::Tensor normalised(const at::Tensor& x, const Weight& weight) const {
    return at::rms_norm(x, {work_->config.dim}, cast(weight).vector(), work_->config.rms_eps);
  }
  void compute_rotations(const Batch& batch);
  at::Tensor rotated(const at::Tensor& x) const;

  Products products_;
  c10::Device device_;
  std::string device_name_;
  int threads_;
  model::Compute compute_;

  // Of the step between begin_step and end_step:
  TorchWorkspace* work_ = nullptr;
  TorchCache* cache_ = nullptr;
  std::vector<SequenceRows> groups_;
  at::Tensor tokens_;           // [T]
  at::Tensor logit_rows_;       // [R]
  at::Tensor cosines_, sines_;  // [T, 1, dh/2]
  at::Tensor x_;                // [T, D] residual stream
  at::Tensor q_;                // [T, Hq, dh]
  at::Tensor a_;                // [T, Hq*dh]
  at::Tensor h_;                // [T, F]
};

std::string TorchBackend::kernel(ModeId mode) const {
  if (products_ == Products::kFast) {
    if (const FastProduct* fast = find_fast_product(mode)) return fast->kernel;
    throw Error(
        ErrorKind::kUsage,
        "torch-fast has no product of its own in mode " + std::string(precision::mode(mode).name),
        "Use --backend torch.");
  }
  const at::ScalarType type = product_type(mode, compute_);
  const std::string name = type == at::kFloat ? "fp32" : type == at::kBFloat16 ? "bf16" : "fp16";
  const bool widened = precision::mode(mode).kind != precision::ModeKind::kFloat;
  return (widened ? "dequantised " : "aten ") + name;
}

model::WeightPtr TorchBackend::prepare(const precision::MatrixView& source, ModeId mode,
                                       model::WeightUse use) {
  const c10::InferenceMode guard;
  if (products_ == Products::kFast && use != model::WeightUse::kTable)
    if (const FastProduct* fast = find_fast_product(mode))
      return prepare_packed(source, *fast, use == model::WeightUse::kTied);
  auto weight = prepare_weight(source, mode, compute_);
  if (!device_.is_cpu()) weight->move_to(device_);
  return weight;
}

void TorchBackend::begin_step(const Batch& batch, model::Workspace& workspace,
                              model::KvCache& cache) {
  const c10::InferenceMode guard;
  work_ = &static_cast<TorchWorkspace&>(workspace);
  cache_ = &static_cast<TorchCache&>(cache);
  groups_ = rows_by_sequence(batch, *cache_, work_->config.sliding_window);
  tokens_ = tensor_of(batch.tokens, device_);
  logit_rows_ = tensor_of(batch.logit_rows, device_);
  compute_rotations(batch);
}

void TorchBackend::compute_rotations(const Batch& batch) {
  const int64_t tokens = static_cast<int64_t>(batch.tokens.size()),
                half = work_->config.head_dim / 2;
  cosines_ = at::empty({tokens, 1, half}, at::TensorOptions(at::kFloat));
  sines_ = at::empty({tokens, 1, half}, at::TensorOptions(at::kFloat));
  for (const SequenceRows& group : groups_) {
    if (model::depends_on_length(work_->config.rope))
      work_->rope = model::rope_table(work_->config, group.end());
    for (int64_t i = 0; i < group.count(); ++i) {
      const size_t row = static_cast<size_t>(group.rows[static_cast<size_t>(i)]);
      const size_t at = row * static_cast<size_t>(half);
      model::rope_rotation(work_->rope, batch.positions[row],
                           {cosines_.data_ptr<float>() + at, static_cast<size_t>(half)},
                           {sines_.data_ptr<float>() + at, static_cast<size_t>(half)});
    }
  }
  cosines_ = cosines_.to(device_), sines_ = sines_.to(device_);
}

void TorchBackend::embed(const Weight& table) {
  const c10::InferenceMode guard;
  x_ = at::index_select(cast(table).matrix(), 0, tokens_).to(at::kFloat);
}

at::Tensor TorchBackend::rotated(const at::Tensor& x) const {  // [T, heads, dh]
  if (work_->config.rope.interleaved) {
    const at::Tensor pairs = x.view({x.size(0), x.size(1), -1, 2});
    const at::Tensor a = pairs.select(3, 0), b = pairs.select(3, 1);
    return at::stack({a * cosines_ - b * sines_, b * cosines_ + a * sines_}, 3).flatten(2);
  }
  const int64_t half = work_->config.head_dim / 2;
  const at::Tensor a = x.narrow(2, 0, half), b = x.narrow(2, half, half);
  return at::cat({a * cosines_ - b * sines_, b * cosines_ + a * sines_}, 2);
}

void TorchBackend::qkv(const LayerWeights& layer, int64_t index) {
  const c10::InferenceMode guard;
  const at::Tensor n = normalised(x_, *layer[Slot::attention_norm]);
  const auto heads = [&](const Weight& w, const Weight* b, int64_t count) {
    return product(n, w, b).view({-1, count, work_->config.head_dim});
  };
  q_ = rotated(heads(*layer[Slot::wq], layer[Slot::bq].get(), work_->config.heads));
  const at::Tensor k =
      rotated(heads(*layer[Slot::wk], layer[Slot::bk].get(), work_->config.kv_heads));
  const at::Tensor v = heads(*layer[Slot::wv], layer[Slot::bv].get(), work_->config.kv_heads);
  for (const SequenceRows& group : groups_) write_cache(*cache_, index, group, k, v);
}

void TorchBackend::attention(int64_t index) {
  const c10::InferenceMode guard;
  if (groups_.size() == 1 && !groups_[0].index.defined()) {
    a_ = attend(*cache_, index, groups_[0], q_);
    return;
  }
  a_ = at::empty({q_.size(0), work_->config.heads * work_->config.head_dim}, q_.options());
  for (const SequenceRows& group : groups_) {
    const at::Tensor a = attend(*cache_, index, group, q_);
    if (group.index.defined())
      a_.index_copy_(0, group.index, a);
    else
      a_.narrow(0, group.rows.front(), group.count()).copy_(a);
  }
}

void TorchBackend::attention_output(const LayerWeights& layer) {
  const c10::InferenceMode guard;
  x_.add_(product(a_, *layer[Slot::wo], layer[Slot::bo].get()));
}

void TorchBackend::gate_up(const LayerWeights& layer) {
  const c10::InferenceMode guard;
  const at::Tensor n = normalised(x_, *layer[Slot::mlp_norm]);
  h_ = at::silu(product(n, *layer[Slot::w_gate], layer[Slot::b_gate].get()));
  h_.mul_(product(n, *layer[Slot::w_up], layer[Slot::b_up].get()));
}

void TorchBackend::down(const LayerWeights& layer) {
  const c10::InferenceMode guard;
  x_.add_(product(h_, *layer[Slot::w_down], layer[Slot::b_down].get()));
}

void TorchBackend::head(const Weight& norm, const Weight& output, std::span<float> logits,
                        int64_t width) {
  const c10::InferenceMode guard;
  const int64_t rows = logit_rows_.numel(), vocab = cast(output).rows();
  if (rows == 0) return;
  if (width < vocab || static_cast<int64_t>(logits.size()) < (rows - 1) * width + vocab)
    throw Error(ErrorKind::kInternal, "room for " + std::to_string(logits.size()) + " logits, " +
                                          std::to_string(rows * vocab) + " wanted");
  const at::Tensor n = normalised(at::index_select(x_, 0, logit_rows_), norm);
  at::from_blob(logits.data(), {rows, vocab}, {width, 1}, at::TensorOptions(at::kFloat))
      .copy_(product(n, output, nullptr));
}

void TorchBackend::end_step() {
  for (const SequenceRows& group : groups_) cache_->set_length(group.sequence, group.end());
  cache_ = nullptr;
}

}  // namespace

std::unique_ptr<model::Backend> make_torch_backend(const model::BackendOptions& options,
                                                   Products products) {
  if (products == Products::kFast && options.device.starts_with("cuda"))
    throw Error(ErrorKind::kUsage, "torch-fast computes on the CPU only", "Use --backend torch.");
  if (!options.isa.empty())
    throw Error(ErrorKind::kUsage, "--isa cannot be forced on the torch backend",
                "Leave it out, or use --backend native.");
  return std::make_unique<TorchBackend>(options, products);
}

Error translate_error(const std::exception& error) {
  const std::string_view text = error.what();
  const std::string line = "LibTorch: " + std::string(text.substr(0, text.find('\n')));
  if (line.find("DefaultCPUAllocator") != std::string::npos ||
      line.find("CUDA out of memory") != std::string::npos)
    return {ErrorKind::kMemory, line, "Choose a narrower --mode or a smaller --ctx."};
  return {ErrorKind::kInternal, line};
}

}  // namespace nety::torch_backend
