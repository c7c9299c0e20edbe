// The eight operations on a GPU. Decode steps run as a CUDA graph: the calls of a one-token step
// are recorded, the second step with the same calls is captured as a graph, and later ones launch
// it. Only data on the device differs between them.
#include "core/backends/cuda/cuda_backend.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "core/backends/cuda/experts.h"
#include "core/backends/cuda/kv_cache.h"
#include "core/backends/cuda/linear.h"
#include "core/backends/cuda/weight.h"
#include "core/model/kv_types.h"
#include "core/model/whole_models.h"

namespace nety::cuda {
namespace {

using model::Batch;
using model::LayerSpec;
using model::LayerWeights;
using model::Slot;
using precision::ModeId;

/// A recorded call of a step.
struct Operation {
  enum class Kind { kEmbed, kQkv, kAttention, kAttentionOutput, kGateUp, kDown, kExperts, kHead };
  Kind kind{};
  const LayerWeights* layer = nullptr;
  const model::Weight* weight = nullptr;  // the table, the head, or the layer's first matrix
  const model::Weight* norm = nullptr;
  int64_t index = 0;
  const model::Weight* norm_bias = nullptr;
  const LayerSpec* spec = nullptr;  // of the model, which outlives the step
  bool operator==(const Operation&) const = default;
};

/// A graph can be launched again for the same calls on the same memory.
struct StepKey {
  std::vector<Operation> operations;
  const Workspace* workspace = nullptr;
  const CudaKvCache* cache = nullptr;
  int32_t splits = 0;
  uint64_t generation = 0;
  bool operator==(const StepKey&) const = default;
};

class CudaBackend final : public model::Backend {
 public:
  CudaBackend(std::unique_ptr<Device> device, const model::BackendOptions& options)
      : device_(std::move(device)),
        pool_(std::max(1, options.threads)),
        compute_(options.compute),
        linear_(*device_) {}

  std::string_view name() const override { return "cuda"; }
  std::string_view device() const override { return device_->name(); }
  int threads() const override { return pool_.threads(); }
  std::string kernel(ModeId mode) const override {
    return linear_.kernel(format_on_device({.mode = mode, .cols = 64, .block = 64}, compute_));
  }

  double read_bandwidth(uint64_t bytes) override { return device_->read_bandwidth(bytes); }
  double product_rate(ModeId mode) override;
  uint64_t device_bytes() const override { return device_->allocated_bytes(); }

  model::WeightPtr prepare(const precision::MatrixView& source, ModeId mode,
                           model::WeightUse /*use*/) override {
    ++generation_;
    return upload_weight(*device_, source, mode, compute_, pool_);
  }
  std::unique_ptr<model::KvCache> make_cache(const model::CacheShape& shape) override {
    model::require_float_cache(shape.type, name());
    ++generation_;
    return std::make_unique<CudaKvCache>(*device_, shape);
  }
  void copy_sequence(model::KvCache& cache, int32_t from, int32_t to, int32_t length) override {
    static_cast<CudaKvCache&>(cache).copy(*device_, from, to, length);
  }
  std::unique_ptr<model::Workspace> make_workspace(const checkpoint::ModelConfig& config,
                                                   const model::LocalShape& shape,
                                                   const model::StepLimits& limits) override {
    model::require_whole(shape, name());
    ++generation_;
    return std::make_unique<Workspace>(*device_, config, limits);
  }

  void begin_step(const Batch& batch, model::Workspace& workspace, model::KvCache& cache) override;
  void embed(const model::Weight& table) override {
    record({.kind = Operation::Kind::kEmbed, .weight = &table});
  }
  void qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index) override {
    record({.kind = Operation::Kind::kQkv,
            .layer = &layer,
            .weight = layer[Slot::wq].get(),
            .index = index,
            .spec = &spec});
  }
  void attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index) override {
    record({.kind = Operation::Kind::kAttention, .layer = &layer, .index = index, .spec = &spec});
  }
  void attention_output(const LayerWeights& layer, const LayerSpec& spec) override {
    record(of_layer(Operation::Kind::kAttentionOutput, layer, Slot::wo, spec));
  }
  void gate_up(const LayerWeights& layer, const LayerSpec& spec) override {
    record(of_layer(Operation::Kind::kGateUp, layer, Slot::w_up, spec));
  }
  void down(const LayerWeights& layer, const LayerSpec& spec) override {
    record(of_layer(Operation::Kind::kDown, layer, Slot::w_down, spec));
  }
  void experts(const LayerWeights& layer, const LayerSpec& spec) override {
    record(of_layer(Operation::Kind::kExperts, layer, Slot::router, spec));
  }
  void head(const model::Weight& norm, const model::Weight* norm_bias, const model::Weight& output,
            std::span<float> logits, int64_t width) override;
  void end_step() override;

 private:
  int32_t tokens() const { return static_cast<int32_t>(batch_.tokens.size()); }
  StepRows step_rows(const LayerSpec& spec) const {
    const Buffers& at = work_->at;
    const Angles& angles = at.angles[static_cast<int>(spec.rotary)];
    return {at.positions, at.sequences, angles.cosines, angles.sines};
  }
  static Operation of_layer(Operation::Kind kind, const LayerWeights& layer, Slot weight,
                            const LayerSpec& spec) {
    return {.kind = kind, .layer = &layer, .weight = layer[weight].get(), .spec = &spec};
  }
  /// One token: its rotation and its place in the cache are part of attention.
  bool is_fresh() const { return tokens() == 1; }
  void send_step();
  void choose_attention(int64_t length);
  void record(const Operation& operation);
  void run(const Operation& operation);
  void run_recorded();
  void replay();

  void do_embed(const model::Weight& table);
  void send_angles();
  /// The norm of a layer's input: fused with the product where it can be.
  Norm norm_of(const model::WeightPtr& weight) const;
  /// What a product with normalised x reads, and the norm that is left for it to do.
  struct Input {
    const float* x;
    Norm norm;
  };
  Input input_of(const LayerWeights& layer, Slot norm, Slot bias) const;
  void do_qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index);
  void do_attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index);
  void do_gate_up(const LayerWeights& layer, const LayerSpec& spec);
  void do_experts(const LayerWeights& layer, const LayerSpec& spec);
  void do_add(const Segment& product, const float* from, const model::WeightPtr& norm,
              const LayerSpec& spec);
  void do_head(const Operation& operation);
  void bring_back(const float* from, std::span<float> to);

  std::unique_ptr<Device> device_;
  ThreadPool pool_;
  model::Compute compute_;
  Linear linear_;
  uint64_t generation_ = 0;  // counts allocations, after which a graph's pointers may be stale

  // Of the step between begin_step and end_step:
  Batch batch_{};
  Workspace* work_ = nullptr;
  CudaKvCache* cache_ = nullptr;
  AttentionCut cut_;
  bool recording_ = false;
  StepKey recorded_;

  StepKey graph_key_;
  std::unique_ptr<Graph> graph_;
};

double CudaBackend::product_rate(ModeId mode) {
  const Format format = format_on_device({.mode = mode, .cols = 64, .block = 64}, compute_);
  if (format == Format::kFourBit) return device_->product_rate(Format::kFp32);
  return device_->product_rate(format == Format::kFourBitBf16 ? Format::kBf16 : format);
}

void CudaBackend::begin_step(const Batch& batch, model::Workspace& workspace,
                             model::KvCache& cache) {
  work_ = &static_cast<Workspace&>(workspace);
  linear_.use(work_->at);
  cache_ = &static_cast<CudaKvCache&>(cache);
  const int64_t length = cache_->check(batch);
  if (static_cast<int64_t>(batch.tokens.size()) > work_->limits.tokens ||
      static_cast<int64_t>(batch.logit_rows.size()) > work_->limits.logit_rows)
    throw Error(ErrorKind::kInternal, "a step of more tokens or logits than were reserved");
  batch_ = batch;
  send_step();
  choose_attention(length);
  // Which experts run is known only once the router has: no graph has that.
  recording_ = batch.tokens.size() == 1 && batch.logit_rows.size() == 1 &&
               !work_->config.any_layer([](const LayerSpec& spec) { return spec.is_mixture(); });
  recorded_ = {{}, work_, cache_, cut_.splits, generation_};
}

// Tokens, positions and rotations, in the workspace's own layout and one copy.
void CudaBackend::send_step() {
  Workspace& work = *work_;
  const Buffers& to = work.at;
  if (work.sending) device_->wait();
  const auto staged = [&](auto* on_device) {
    const ptrdiff_t at = reinterpret_cast<std::byte*>(on_device) - to.step;
    return reinterpret_cast<decltype(on_device)>(work.staged.as<std::byte>() + at);
  };
  std::ranges::copy(batch_.tokens, staged(to.tokens));
  std::ranges::copy(batch_.positions, staged(to.positions));
  std::ranges::copy(batch_.sequences, staged(to.sequences));
  std::ranges::copy(batch_.logit_rows, staged(to.logit_rows));
  send_angles();
  device_->upload(to.step, to.step_bytes, work.staged.as<void>(), to.step_bytes, to.step_bytes, 1);
  work.sending = true;
}

void CudaBackend::send_angles() {
  Workspace& work = *work_;
  const Buffers& to = work.at;
  const auto staged = [&](float* on_device) {
    const ptrdiff_t at = reinterpret_cast<std::byte*>(on_device) - to.step;
    return reinterpret_cast<float*>(work.staged.as<std::byte>() + at);
  };
  const auto half = static_cast<size_t>(work.config.head_dim / 2);
  std::vector<int32_t> ends;  // of each sequence after the step: its last position
  for (size_t t = 0; t < batch_.tokens.size(); ++t) {
    const auto sequence = static_cast<size_t>(batch_.sequences[t]);
    if (ends.size() <= sequence) ends.resize(sequence + 1);
    ends[sequence] = batch_.positions[t];
  }
  for (int rotary = 0; rotary < kRotaries; ++rotary) {
    const Angles& angles = to.angles[rotary];
    if (angles.cosines == nullptr) continue;
    const checkpoint::Rope* rope = rope_of(work.config, static_cast<checkpoint::Rotary>(rotary));
    model::RopeTable& table = work.rope[rotary];
    for (size_t t = 0; t < batch_.positions.size(); ++t) {
      float* const cosines = staged(angles.cosines) + t * half;
      float* const sines = staged(angles.sines) + t * half;
      size_t turned = 0;
      if (rope != nullptr) {
        if (model::depends_on_length(*rope))
          table = model::rope_table(work.config, *rope,
                                    ends[static_cast<size_t>(batch_.sequences[t])] + 1);
        turned = table.inverse_frequencies.size();
        model::rope_rotation(table, batch_.positions[t], {cosines, turned}, {sines, turned});
      }
      std::fill(cosines + turned, cosines + half, 1.0F);
      std::fill(sines + turned, sines + half, 0.0F);
    }
  }
  if (to.growth != nullptr)
    for (size_t t = 0; t < batch_.positions.size(); ++t)
      staged(to.growth)[t] = model::query_scale(work.config.specs.front(), batch_.positions[t]);
}

void CudaBackend::choose_attention(int64_t length) {
  const bool one_sequence = std::ranges::all_of(
      batch_.sequences, [&](int32_t sequence) { return sequence == batch_.sequences[0]; });
  cut_ = cut_attention(*device_, work_->config, tokens(), length, one_sequence);
}

void CudaBackend::record(const Operation& operation) {
  if (recording_)
    recorded_.operations.push_back(operation);
  else
    run(operation);
}

void CudaBackend::run(const Operation& operation) {
  const auto w = [&](Slot slot) -> const model::WeightPtr& { return (*operation.layer)[slot]; };
  switch (operation.kind) {
    case Operation::Kind::kEmbed:
      return do_embed(*operation.weight);
    case Operation::Kind::kQkv:
      return do_qkv(*operation.layer, *operation.spec, operation.index);
    case Operation::Kind::kAttention:
      return do_attention(*operation.layer, *operation.spec, operation.index);
    case Operation::Kind::kAttentionOutput:
      return do_add(segment_of(w(Slot::wo), w(Slot::bo), work_->at.x), work_->at.a,
                    w(Slot::attention_post_norm), *operation.spec);
    case Operation::Kind::kGateUp:
      return do_gate_up(*operation.layer, *operation.spec);
    case Operation::Kind::kDown:
      return do_add(segment_of(w(Slot::w_down), w(Slot::b_down), work_->at.x), work_->at.h,
                    w(Slot::mlp_post_norm), *operation.spec);
    case Operation::Kind::kExperts:
      return do_experts(*operation.layer, *operation.spec);
    case Operation::Kind::kHead:
      return do_head(operation);
  }
}

void CudaBackend::run_recorded() {
  recording_ = false;
  for (const Operation& operation : recorded_.operations) run(operation);
  recorded_.operations.clear();
}

void CudaBackend::replay() {
  if (!(graph_key_ == recorded_)) {
    // The first step of a kind runs without a graph: CUDA loads kernels at their first launch,
    // which can break a capture, and the step may stay the only one of its kind.
    graph_.reset();
    graph_key_ = recorded_;
    return run_recorded();
  }
  if (graph_ == nullptr) {
    device_->start_capture();
    try {
      run_recorded();
    } catch (...) {
      device_->stop_capture();
      throw;
    }
    graph_ = device_->stop_capture();
  }
  recording_ = false;
  recorded_.operations.clear();
  graph_->launch();
}

void CudaBackend::do_embed(const model::Weight& table) {
  cuda::embed(device_->stream(), {cast(table).matrix(), work_->at.tokens, tokens(), work_->at.x,
                                  static_cast<float>(work_->config.embedding_scale)});
}

Norm CudaBackend::norm_of(const model::WeightPtr& weight) const {
  if (weight == nullptr) return {};
  return {cast(*weight).floats(), static_cast<float>(work_->config.rms_eps)};
}

CudaBackend::Input CudaBackend::input_of(const LayerWeights& layer, Slot norm, Slot bias) const {
  const Norm of = norm_of(layer[norm]);
  if (!work_->config.layer_norms || of.weights == nullptr) return {work_->at.x, of};
  const auto dim = static_cast<int32_t>(work_->config.dim);
  layer_norm(device_->stream(),
             {{work_->at.x, of.weights, nullptr, work_->at.n, tokens(), dim, of.eps},
              floats_or_null(layer[bias])});
  return {work_->at.n, {}};
}

void CudaBackend::do_qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index) {
  const Buffers& at = work_->at;
  const checkpoint::ModelConfig& config = work_->config;
  const Segment segments[] = {segment_of(layer[Slot::wq], layer[Slot::bq], at.q),
                              segment_of(layer[Slot::wk], layer[Slot::bk], at.k),
                              segment_of(layer[Slot::wv], layer[Slot::bv], at.v)};
  const Input input = input_of(layer, Slot::attention_norm, Slot::attention_norm_bias);
  linear_.multiply(segments, input.x, tokens(), Epilogue::kStore, input.norm);
  const auto normalise = [&](const model::WeightPtr& norm, float* heads, int64_t count) {
    if (spec.head_norm == checkpoint::HeadNorm::kNone) return;
    const bool each = spec.head_norm == checkpoint::HeadNorm::kHead;
    const Norm of = norm_of(norm);
    rms_norm(device_->stream(),
             {heads, of.weights, nullptr, heads,
              static_cast<int32_t>(each ? tokens() * count : tokens()),
              static_cast<int32_t>(each ? config.head_dim : count * config.head_dim), of.eps});
  };
  normalise(layer[Slot::q_norm], at.q, config.heads);
  normalise(layer[Slot::k_norm], at.k, config.kv_heads);
  if (spec.query_growth != 0)
    scale_rows(device_->stream(),
               {at.q, at.growth, tokens(), static_cast<int32_t>(config.heads * config.head_dim)});
  if (is_fresh()) return;  // attention() does it
  const checkpoint::Rope* rope = rope_of(config, spec.rotary);
  rope_append(device_->stream(),
              {.q = at.q,
               .k = at.k,
               .v = at.v,
               .step = step_rows(spec),
               .cache = cache_->layer(index),
               .tokens = tokens(),
               .heads = static_cast<int32_t>(config.heads),
               .kv_heads = static_cast<int32_t>(config.kv_heads),
               .head_dim = static_cast<int32_t>(config.head_dim),
               .interleaved = rope != nullptr && rope->interleaved,
               .rotated = rope == nullptr ? 0 : static_cast<int32_t>(rope->rotated)});
}

void CudaBackend::do_attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index) {
  const checkpoint::ModelConfig& config = work_->config;
  const checkpoint::Rope* rope = rope_of(config, spec.rotary);
  cuda::attention(device_->stream(),
                  {.q = work_->at.q,
                   .a = work_->at.a,
                   .step = step_rows(spec),
                   .cache = cache_->layer(index),
                   .tokens = tokens(),
                   .heads = static_cast<int32_t>(config.heads),
                   .kv_heads = static_cast<int32_t>(config.kv_heads),
                   .head_dim = static_cast<int32_t>(config.head_dim),
                   .window = static_cast<int32_t>(spec.window),
                   .tokens_per_block = cut_.tokens_per_block,
                   .splits = cut_.splits,
                   .partials = work_->at.partials,
                   .arrivals = work_->at.arrivals,
                   .fresh_k = is_fresh() ? work_->at.k : nullptr,
                   .fresh_v = is_fresh() ? work_->at.v : nullptr,
                   .interleaved = rope != nullptr && rope->interleaved,
                   .rotated = rope == nullptr ? 0 : static_cast<int32_t>(rope->rotated),
                   .scale = static_cast<float>(spec.score_scale),
                   .cap = static_cast<float>(spec.score_cap),
                   .sinks = floats_or_null(layer[Slot::sinks])});
}

// SiLU is part of a product with few tokens; GELU is a pass of its own.
void CudaBackend::do_gate_up(const LayerWeights& layer, const LayerSpec& spec) {
  const Buffers& at = work_->at;
  const Input input = input_of(layer, spec.parallel ? Slot::attention_norm : Slot::mlp_norm,
                               spec.parallel ? Slot::attention_norm_bias : Slot::mlp_norm_bias);
  const bool silu = spec.nonlinearity == checkpoint::Nonlinearity::kSilu && spec.gated;
  std::vector<Segment> segments;
  if (spec.gated) segments.push_back(segment_of(layer[Slot::w_gate], layer[Slot::b_gate], at.h));
  segments.push_back(segment_of(layer[Slot::w_up], layer[Slot::b_up], spec.gated ? at.u : at.h));
  linear_.multiply(segments, input.x, tokens(), silu ? Epilogue::kSilu : Epilogue::kStore,
                   input.norm);
  if (!silu)
    activate(device_->stream(), spec,
             {at.h, spec.gated ? at.u : nullptr, tokens() * int64_t{segments[0].w.rows}});
}

void CudaBackend::do_experts(const LayerWeights& layer, const LayerSpec& spec) {
  const Buffers& at = work_->at;
  const auto dim = static_cast<int32_t>(work_->config.dim);
  const Input input = input_of(layer, Slot::mlp_norm, Slot::mlp_norm_bias);
  if (input.norm.weights != nullptr)
    rms_norm(device_->stream(),
             {at.x, input.norm.weights, nullptr, at.n, tokens(), dim, input.norm.eps});
  run_experts(*device_, linear_, *work_, layer, spec,
              input.norm.weights == nullptr ? input.x : at.n, tokens());
  const Norm of = norm_of(layer[Slot::mlp_post_norm]);
  add_scaled(device_->stream(), {at.x, at.sum, of.weights, tokens(), dim, of.eps,
                                 static_cast<float>(spec.residual_scale)});
}

void CudaBackend::do_add(const Segment& product, const float* from, const model::WeightPtr& norm,
                         const LayerSpec& spec) {
  if (norm == nullptr && spec.residual_scale == 1)
    return linear_.multiply({&product, 1}, from, tokens(), Epilogue::kAdd);
  Segment apart = product;
  apart.y = work_->at.n;
  linear_.multiply({&apart, 1}, from, tokens(), Epilogue::kStore);
  const Norm of = norm_of(norm);
  add_scaled(device_->stream(),
             {product.y, apart.y, of.weights, tokens(), static_cast<int32_t>(work_->config.dim),
              of.eps, static_cast<float>(spec.residual_scale)});
}

void CudaBackend::do_head(const Operation& operation) {
  const Buffers& at = work_->at;
  const checkpoint::ModelConfig& config = work_->config;
  const auto rows = static_cast<int32_t>(batch_.logit_rows.size());
  const Segment segments[] = {{cast(*operation.weight).matrix(), nullptr, at.logits}};
  const Norm norm{cast(*operation.norm).floats(), static_cast<float>(config.rms_eps)};
  if (is_fresh() && !config.layer_norms) {
    linear_.multiply(segments, at.x, rows, Epilogue::kStore, norm);
  } else {
    const NormArgs args{
        at.x, norm.weights, at.logit_rows, at.n, rows, static_cast<int32_t>(config.dim), norm.eps};
    const model::Weight* bias = operation.norm_bias;
    if (config.layer_norms)
      layer_norm(device_->stream(), {args, bias == nullptr ? nullptr : cast(*bias).floats()});
    else
      rms_norm(device_->stream(), args);
    linear_.multiply(segments, at.n, rows, Epilogue::kStore);
  }
  if (config.logit_scale != 1 || config.logit_cap > 0)
    scale_and_cap(device_->stream(),
                  {at.logits, int64_t{rows} * segments[0].w.rows,
                   static_cast<float>(config.logit_scale), static_cast<float>(config.logit_cap)});
}

void CudaBackend::head(const model::Weight& norm, const model::Weight* norm_bias,
                       const model::Weight& output, std::span<float> logits, int64_t width) {
  const size_t rows = batch_.logit_rows.size(), stride = static_cast<size_t>(width);
  const auto vocab = static_cast<size_t>(cast(output).matrix().rows);
  if (rows == 0) return;
  if (stride < vocab || logits.size() < (rows - 1) * stride + vocab)
    throw Error(ErrorKind::kInternal, "room for " + std::to_string(logits.size()) + " logits, " +
                                          std::to_string(rows * vocab) + " wanted");
  record(
      {.kind = Operation::Kind::kHead, .weight = &output, .norm = &norm, .norm_bias = norm_bias});
  if (recording_) replay();
  const size_t step = stride == vocab ? rows : 1;  // rows that are copied together
  for (size_t row = 0; row < rows; row += step)
    bring_back(work_->at.logits + row * vocab, logits.subspan(row * stride, step * vocab));
}

// Short copies go through pinned memory, which the device writes directly.
void CudaBackend::bring_back(const float* from, std::span<float> to) {
  const bool by_way = to.size_bytes() <= work_->logits.bytes();
  device_->download(by_way ? work_->logits.as<void>() : to.data(), from, to.size_bytes());
  work_->sending = false;
  if (by_way) std::memcpy(to.data(), work_->logits.as<void>(), to.size_bytes());
}

void CudaBackend::end_step() {
  if (recording_) run_recorded();
  cache_->advance(batch_);
  cache_ = nullptr;
  batch_ = {};
}

}  // namespace

std::unique_ptr<model::Backend> make_backend(std::unique_ptr<Device> device,
                                             const model::BackendOptions& options) {
  if (!options.isa.empty())
    throw Error(ErrorKind::kUsage, "--isa cannot be forced on the cuda backend",
                "Leave it out, or use --backend native.");
  return std::make_unique<CudaBackend>(std::move(device), options);
}

Error translate_error(const std::exception& error) {
  return {ErrorKind::kInternal, std::string("the cuda backend: ") + error.what()};
}

}  // namespace nety::cuda
