// The eight operations in ATen. Norms, rotations, softmax and the residual stream are fp32 in every
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
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/stack.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <string>

#include "core/backends/torch/attention.h"
#include "core/backends/torch/device.h"
#include "core/backends/torch/feed_forward.h"
#include "core/backends/torch/weight.h"
#include "core/model/kv_types.h"
#include "core/model/rope.h"
#include "core/model/whole_models.h"

namespace nety::torch_backend {
namespace {

using model::Batch;
using model::LayerSpec;
using model::LayerWeights;
using model::Slot;
using model::Weight;
using precision::ModeId;

at::Tensor tensor_of(std::span<const int32_t> values, c10::Device device) {
  return at::from_blob(const_cast<int32_t*>(values.data()), {static_cast<int64_t>(values.size())},
                       at::TensorOptions(at::kInt))
      .to(device, at::kInt, false, true);
}

/// ATen allocates a step's tensors itself: what is kept is what the arithmetic needs of the model.
struct TorchWorkspace final : model::Workspace {
  explicit TorchWorkspace(const checkpoint::ModelConfig& of) : config(of) {
    for (const LayerSpec& spec : config.specs) {
      if (std::ranges::find(windows, spec.window) == windows.end()) windows.push_back(spec.window);
      has_local = has_local || spec.rotary == checkpoint::Rotary::kLocal;
    }
  }

  checkpoint::ModelConfig config;
  std::vector<int64_t> windows;  // of the layers, each once
  bool has_local = false;        // some layers have the local rotary embedding
};

/// The rotations of a step by one rotary embedding.
struct Rotations {
  at::Tensor cosines, sines;  // [T, 1, rotated / 2]
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
    model::require_float_cache(shape.type, name());
    const c10::InferenceMode guard;
    return std::make_unique<TorchCache>(shape, device_);
  }
  void copy_sequence(model::KvCache& cache, int32_t from, int32_t to, int32_t length) override {
    const c10::InferenceMode guard;
    static_cast<TorchCache&>(cache).copy(from, to, length);
  }
  std::unique_ptr<model::Workspace> make_workspace(const checkpoint::ModelConfig& config,
                                                   const model::LocalShape& shape,
                                                   const model::StepLimits& /*limits*/) override {
    model::require_whole(shape, name());
    return std::make_unique<TorchWorkspace>(config);
  }

  void begin_step(const Batch& batch, model::Workspace& workspace, model::KvCache& cache) override;
  void embed(const Weight& table) override;
  void qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index) override;
  void attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index) override;
  void attention_output(const LayerWeights& layer, const LayerSpec& spec) override;
  void gate_up(const LayerWeights& layer, const LayerSpec& spec) override;
  void down(const LayerWeights& layer, const LayerSpec& spec) override;
  void experts(const LayerWeights& layer, const LayerSpec& spec) override;
  void head(const Weight& norm, const Weight* norm_bias, const Weight& output,
            std::span<float> logits, int64_t width) override;
  void end_step() override;

 private:
  /// By RMSNorm over the last dimension; as it is where there is no weight.
  at::Tensor rms_normalised(const at::Tensor& x, const Weight* weight) const;
  /// By the kind of norm that the model's stream has.
  at::Tensor normalised(const at::Tensor& x, const Weight* weight, const Weight* bias) const;
  Rotations rotations_of(const Batch& batch, const checkpoint::Rope& rope) const;
  at::Tensor rotated(const at::Tensor& x, const LayerSpec& spec) const;
  at::Tensor heads(const at::Tensor& x, int64_t count, const LayerSpec& spec,
                   const Weight* norm) const;
  void add_to_stream(const at::Tensor& y, const Weight* norm, const LayerSpec& spec);

  Products products_;
  c10::Device device_;
  std::string device_name_;
  int threads_;
  model::Compute compute_;

  // Of the step between begin_step and end_step:
  TorchWorkspace* work_ = nullptr;
  TorchCache* cache_ = nullptr;
  std::vector<SequenceRows> groups_;
  at::Tensor tokens_;      // [T]
  at::Tensor logit_rows_;  // [R]
  Rotations main_, local_;
  at::Tensor growth_;  // [T, 1, 1], where queries grow with their positions
  at::Tensor x_;       // [T, D] residual stream
  at::Tensor q_;       // [T, Hq, dh]
  at::Tensor a_;       // [T, Hq*dh]
  at::Tensor h_;       // [T, F]
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
  groups_ = rows_by_sequence(batch, *cache_, work_->windows);
  tokens_ = tensor_of(batch.tokens, device_);
  logit_rows_ = tensor_of(batch.logit_rows, device_);
  main_ = rotations_of(batch, work_->config.rope);
  if (work_->has_local) local_ = rotations_of(batch, work_->config.local_rope);
  growth_ = at::Tensor();
  if (const LayerSpec& spec = work_->config.specs.front(); spec.query_growth != 0) {
    const auto tokens = static_cast<int64_t>(batch.tokens.size());
    growth_ = at::empty({tokens, 1, 1}, at::TensorOptions(at::kFloat));
    for (int64_t t = 0; t < tokens; ++t)
      growth_.data_ptr<float>()[t] =
          model::query_scale(spec, batch.positions[static_cast<size_t>(t)]);
    growth_ = growth_.to(device_);
  }
}

Rotations TorchBackend::rotations_of(const Batch& batch, const checkpoint::Rope& rope) const {
  const int64_t tokens = static_cast<int64_t>(batch.tokens.size()),
                half = rope.rotated_of(work_->config.head_dim) / 2;
  Rotations made{at::empty({tokens, 1, half}, at::TensorOptions(at::kFloat)),
                 at::empty({tokens, 1, half}, at::TensorOptions(at::kFloat))};
  model::RopeTable table = model::rope_table(work_->config, rope, 0);
  for (const SequenceRows& group : groups_) {
    if (model::depends_on_length(rope)) table = model::rope_table(work_->config, rope, group.end());
    for (int64_t i = 0; i < group.count(); ++i) {
      const size_t row = static_cast<size_t>(group.rows[static_cast<size_t>(i)]);
      const size_t at = row * static_cast<size_t>(half);
      model::rope_rotation(table, batch.positions[row],
                           {made.cosines.data_ptr<float>() + at, static_cast<size_t>(half)},
                           {made.sines.data_ptr<float>() + at, static_cast<size_t>(half)});
    }
  }
  return {made.cosines.to(device_), made.sines.to(device_)};
}

void TorchBackend::embed(const Weight& table) {
  const c10::InferenceMode guard;
  x_ = at::index_select(cast(table).matrix(), 0, tokens_).to(at::kFloat);
  if (work_->config.embedding_scale != 1) x_.mul_(work_->config.embedding_scale);
}

at::Tensor TorchBackend::rms_normalised(const at::Tensor& x, const Weight* weight) const {
  if (weight == nullptr) return x;
  const at::Tensor& w = cast(*weight).vector();
  return at::rms_norm(x, {w.numel()}, w, work_->config.rms_eps);
}

at::Tensor TorchBackend::normalised(const at::Tensor& x, const Weight* weight,
                                    const Weight* bias) const {
  if (weight == nullptr || !work_->config.layer_norms) return rms_normalised(x, weight);
  const at::Tensor& w = cast(*weight).vector();
  return at::layer_norm(x, {w.numel()}, w, bias == nullptr ? at::Tensor() : cast(*bias).vector(),
                        work_->config.rms_eps);
}

at::Tensor TorchBackend::rotated(const at::Tensor& x, const LayerSpec& spec) const {
  if (spec.rotary == checkpoint::Rotary::kNone) return x;  // [T, heads, dh]
  const bool main = spec.rotary == checkpoint::Rotary::kMain;
  const auto& [cosines, sines] = main ? main_ : local_;
  const checkpoint::Rope& rope = main ? work_->config.rope : work_->config.local_rope;
  const int64_t turned = 2 * cosines.size(2), rest = x.size(2) - turned;
  const at::Tensor head = rest == 0 ? x : x.narrow(2, 0, turned);
  at::Tensor y;
  if (rope.interleaved) {
    const at::Tensor pairs = head.unflatten(2, {turned / 2, 2});
    const at::Tensor a = pairs.select(3, 0), b = pairs.select(3, 1);
    y = at::stack({a * cosines - b * sines, b * cosines + a * sines}, 3).flatten(2);
  } else {
    const at::Tensor a = head.narrow(2, 0, turned / 2), b = head.narrow(2, turned / 2, turned / 2);
    y = at::cat({a * cosines - b * sines, b * cosines + a * sines}, 2);
  }
  return rest == 0 ? y : at::cat({y, x.narrow(2, turned, rest)}, 2);
}

/// Queries or keys [T, count * dh] normalised and rotated: [T, count, dh].
at::Tensor TorchBackend::heads(const at::Tensor& x, int64_t count, const LayerSpec& spec,
                               const Weight* norm) const {
  using checkpoint::HeadNorm;
  const at::Tensor whole = spec.head_norm == HeadNorm::kRow ? rms_normalised(x, norm) : x;
  const at::Tensor each = whole.view({-1, count, work_->config.head_dim});
  return rotated(spec.head_norm == HeadNorm::kHead ? rms_normalised(each, norm) : each, spec);
}

void TorchBackend::qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index) {
  const c10::InferenceMode guard;
  const at::Tensor n =
      normalised(x_, layer[Slot::attention_norm].get(), layer[Slot::attention_norm_bias].get());
  const auto projected = [&](Slot w, Slot b) { return product(n, *layer[w], layer[b].get()); };
  const int64_t kv_heads = work_->config.kv_heads;
  q_ = heads(projected(Slot::wq, Slot::bq), work_->config.heads, spec, layer[Slot::q_norm].get());
  if (growth_.defined()) q_ = q_ * growth_;
  const at::Tensor k =
      heads(projected(Slot::wk, Slot::bk), kv_heads, spec, layer[Slot::k_norm].get());
  const at::Tensor v = projected(Slot::wv, Slot::bv).view({-1, kv_heads, work_->config.head_dim});
  for (const SequenceRows& group : groups_) write_cache(*cache_, index, group, k, v);
}

void TorchBackend::attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index) {
  const c10::InferenceMode guard;
  const Weight* sinks_or_null = layer[Slot::sinks].get();
  const at::Tensor sinks = sinks_or_null == nullptr ? at::Tensor() : cast(*sinks_or_null).vector();
  if (groups_.size() == 1 && !groups_[0].index.defined()) {
    a_ = attend(*cache_, spec, index, groups_[0], q_, sinks);
    return;
  }
  a_ = at::empty({q_.size(0), work_->config.heads * work_->config.head_dim}, q_.options());
  for (const SequenceRows& group : groups_) {
    const at::Tensor a = attend(*cache_, spec, index, group, q_, sinks);
    if (group.index.defined())
      a_.index_copy_(0, group.index, a);
    else
      a_.narrow(0, group.rows.front(), group.count()).copy_(a);
  }
}

void TorchBackend::attention_output(const LayerWeights& layer, const LayerSpec& spec) {
  const c10::InferenceMode guard;
  add_to_stream(product(a_, *layer[Slot::wo], layer[Slot::bo].get()),
                layer[Slot::attention_post_norm].get(), spec);
}

void TorchBackend::add_to_stream(const at::Tensor& y, const Weight* norm, const LayerSpec& spec) {
  x_.add_(rms_normalised(y, norm), spec.residual_scale);
}

void TorchBackend::gate_up(const LayerWeights& layer, const LayerSpec& spec) {
  const c10::InferenceMode guard;
  const Slot norm = spec.parallel ? Slot::attention_norm : Slot::mlp_norm;
  const Slot bias = spec.parallel ? Slot::attention_norm_bias : Slot::mlp_norm_bias;
  const at::Tensor n = normalised(x_, layer[norm].get(), layer[bias].get());
  const auto projected = [&](Slot w, Slot b) { return product(n, *layer[w], layer[b].get()); };
  h_ = spec.gated ? activated(spec, projected(Slot::w_gate, Slot::b_gate),
                              projected(Slot::w_up, Slot::b_up))
                  : activated(spec, projected(Slot::w_up, Slot::b_up), {});
}

void TorchBackend::experts(const LayerWeights& layer, const LayerSpec& spec) {
  const c10::InferenceMode guard;
  const at::Tensor n =
      normalised(x_, layer[Slot::mlp_norm].get(), layer[Slot::mlp_norm_bias].get());
  add_to_stream(mixture(layer, spec, n), layer[Slot::mlp_post_norm].get(), spec);
}

void TorchBackend::down(const LayerWeights& layer, const LayerSpec& spec) {
  const c10::InferenceMode guard;
  add_to_stream(product(h_, *layer[Slot::w_down], layer[Slot::b_down].get()),
                layer[Slot::mlp_post_norm].get(), spec);
}

void TorchBackend::head(const Weight& norm, const Weight* norm_bias, const Weight& output,
                        std::span<float> logits, int64_t width) {
  const c10::InferenceMode guard;
  const int64_t rows = logit_rows_.numel(), vocab = cast(output).rows();
  if (rows == 0) return;
  if (width < vocab || static_cast<int64_t>(logits.size()) < (rows - 1) * width + vocab)
    throw Error(ErrorKind::kInternal, "room for " + std::to_string(logits.size()) + " logits, " +
                                          std::to_string(rows * vocab) + " wanted");
  const at::Tensor n = normalised(at::index_select(x_, 0, logit_rows_), &norm, norm_bias);
  at::Tensor y = product(n, output, nullptr);
  const checkpoint::ModelConfig& config = work_->config;
  if (config.logit_scale != 1) y.mul_(config.logit_scale);
  if (config.logit_cap > 0) y.div_(config.logit_cap).tanh_().mul_(config.logit_cap);
  at::from_blob(logits.data(), {rows, vocab}, {width, 1}, at::TensorOptions(at::kFloat)).copy_(y);
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
