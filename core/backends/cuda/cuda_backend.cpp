// The seven operations on a GPU. Decode steps run as a CUDA graph: the calls of a one-token step
// are recorded, the second step with the same calls is captured as a graph, and later ones launch
// it. Only data on the device differs between them.
#include "core/backends/cuda/cuda_backend.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "core/backends/cuda/kv_cache.h"
#include "core/backends/cuda/linear.h"
#include "core/backends/cuda/weight.h"
#include "core/model/whole_models.h"

namespace nety::cuda {
namespace {

using model::Batch;
using model::LayerWeights;
using model::Slot;
using precision::ModeId;

const float* floats_or_null(const model::WeightPtr& weight) {
  return weight == nullptr ? nullptr : cast(*weight).floats();
}

Segment segment_of(const model::WeightPtr& weight, const model::WeightPtr& bias, float* y) {
  return {cast(*weight).matrix(), floats_or_null(bias), y};
}

/// A recorded call of a step.
struct Operation {
  enum class Kind { kEmbed, kQkv, kAttention, kAttentionOutput, kGateUp, kDown, kHead };
  Kind kind{};
  const LayerWeights* layer = nullptr;
  const model::Weight* weight = nullptr;  // the table, the head, or the layer's first matrix
  const model::Weight* norm = nullptr;
  int64_t index = 0;
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
    ++generation_;
    return std::make_unique<CudaKvCache>(*device_, shape);
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
  void qkv(const LayerWeights& layer, int64_t index) override {
    record({Operation::Kind::kQkv, &layer, layer[Slot::wq].get(), nullptr, index});
  }
  void attention(int64_t index) override {
    record({.kind = Operation::Kind::kAttention, .index = index});
  }
  void attention_output(const LayerWeights& layer) override {
    record({Operation::Kind::kAttentionOutput, &layer, layer[Slot::wo].get()});
  }
  void gate_up(const LayerWeights& layer) override {
    record({Operation::Kind::kGateUp, &layer, layer[Slot::w_gate].get()});
  }
  void down(const LayerWeights& layer) override {
    record({Operation::Kind::kDown, &layer, layer[Slot::w_down].get()});
  }
  void head(const model::Weight& norm, const model::Weight& output, std::span<float> logits,
            int64_t width) override;
  void end_step() override;

 private:
  int32_t tokens() const { return static_cast<int32_t>(batch_.tokens.size()); }
  StepRows step_rows() const {
    const Buffers& at = work_->at;
    return {at.positions, at.sequences, at.cosines, at.sines};
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
  Norm norm_of(const model::Weight& weight) const;
  void do_qkv(const LayerWeights& layer, int64_t index);
  void do_attention(int64_t index);
  void do_head(const model::Weight& norm, const model::Weight& output);
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
  recording_ = batch.tokens.size() == 1 && batch.logit_rows.size() == 1;
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
  const auto half = static_cast<size_t>(work.config.head_dim / 2);
  const bool grows = model::depends_on_length(work.config.rope);
  std::vector<int32_t> ends;  // of each sequence after the step: its last position
  if (grows)
    for (size_t t = 0; t < batch_.tokens.size(); ++t) {
      const auto sequence = static_cast<size_t>(batch_.sequences[t]);
      if (ends.size() <= sequence) ends.resize(sequence + 1);
      ends[sequence] = batch_.positions[t];
    }
  for (size_t t = 0; t < batch_.positions.size(); ++t) {
    if (grows)
      work.rope =
          model::rope_table(work.config, ends[static_cast<size_t>(batch_.sequences[t])] + 1);
    model::rope_rotation(work.rope, batch_.positions[t], {staged(to.cosines) + t * half, half},
                         {staged(to.sines) + t * half, half});
  }
  device_->upload(to.step, to.step_bytes, work.staged.as<void>(), to.step_bytes, to.step_bytes, 1);
  work.sending = true;
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
      return do_qkv(*operation.layer, operation.index);
    case Operation::Kind::kAttention:
      return do_attention(operation.index);
    case Operation::Kind::kAttentionOutput: {
      const Segment segments[] = {segment_of(w(Slot::wo), w(Slot::bo), work_->at.x)};
      return linear_.multiply(segments, work_->at.a, tokens(), Epilogue::kAdd);
    }
    case Operation::Kind::kGateUp: {
      const Segment segments[] = {segment_of(w(Slot::w_gate), w(Slot::b_gate), work_->at.h),
                                  segment_of(w(Slot::w_up), w(Slot::b_up), work_->at.u)};
      return linear_.multiply(segments, work_->at.x, tokens(), Epilogue::kSilu,
                              norm_of(*w(Slot::mlp_norm)));
    }
    case Operation::Kind::kDown: {
      const Segment segments[] = {segment_of(w(Slot::w_down), w(Slot::b_down), work_->at.x)};
      return linear_.multiply(segments, work_->at.h, tokens(), Epilogue::kAdd);
    }
    case Operation::Kind::kHead:
      return do_head(*operation.norm, *operation.weight);
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
  cuda::embed(device_->stream(), {cast(table).matrix(), work_->at.tokens, tokens(), work_->at.x});
}

Norm CudaBackend::norm_of(const model::Weight& weight) const {
  return {cast(weight).floats(), static_cast<float>(work_->config.rms_eps)};
}

void CudaBackend::do_qkv(const LayerWeights& layer, int64_t index) {
  const Segment segments[] = {segment_of(layer[Slot::wq], layer[Slot::bq], work_->at.q),
                              segment_of(layer[Slot::wk], layer[Slot::bk], work_->at.k),
                              segment_of(layer[Slot::wv], layer[Slot::bv], work_->at.v)};
  linear_.multiply(segments, work_->at.x, tokens(), Epilogue::kStore,
                   norm_of(*layer[Slot::attention_norm]));
  if (is_fresh()) return;  // attention() does it
  rope_append(device_->stream(), {.q = work_->at.q,
                                  .k = work_->at.k,
                                  .v = work_->at.v,
                                  .step = step_rows(),
                                  .cache = cache_->layer(index),
                                  .tokens = tokens(),
                                  .heads = static_cast<int32_t>(work_->config.heads),
                                  .kv_heads = static_cast<int32_t>(work_->config.kv_heads),
                                  .head_dim = static_cast<int32_t>(work_->config.head_dim),
                                  .interleaved = work_->config.rope.interleaved});
}

void CudaBackend::do_attention(int64_t index) {
  cuda::attention(device_->stream(), {.q = work_->at.q,
                                      .a = work_->at.a,
                                      .step = step_rows(),
                                      .cache = cache_->layer(index),
                                      .tokens = tokens(),
                                      .heads = static_cast<int32_t>(work_->config.heads),
                                      .kv_heads = static_cast<int32_t>(work_->config.kv_heads),
                                      .head_dim = static_cast<int32_t>(work_->config.head_dim),
                                      .window = static_cast<int32_t>(work_->config.sliding_window),
                                      .tokens_per_block = cut_.tokens_per_block,
                                      .splits = cut_.splits,
                                      .partials = work_->at.partials,
                                      .arrivals = work_->at.arrivals,
                                      .fresh_k = is_fresh() ? work_->at.k : nullptr,
                                      .fresh_v = is_fresh() ? work_->at.v : nullptr,
                                      .interleaved = work_->config.rope.interleaved});
}

void CudaBackend::do_head(const model::Weight& norm, const model::Weight& output) {
  const auto rows = static_cast<int32_t>(batch_.logit_rows.size());
  const Segment segments[] = {{cast(output).matrix(), nullptr, work_->at.logits}};
  if (is_fresh())
    return linear_.multiply(segments, work_->at.x, rows, Epilogue::kStore, norm_of(norm));
  rms_norm(device_->stream(),
           {work_->at.x, cast(norm).floats(), work_->at.logit_rows, work_->at.n, rows,
            static_cast<int32_t>(work_->config.dim), static_cast<float>(work_->config.rms_eps)});
  linear_.multiply(segments, work_->at.n, rows, Epilogue::kStore);
}

void CudaBackend::head(const model::Weight& norm, const model::Weight& output,
                       std::span<float> logits, int64_t width) {
  const size_t rows = batch_.logit_rows.size(), stride = static_cast<size_t>(width);
  const auto vocab = static_cast<size_t>(cast(output).matrix().rows);
  if (rows == 0) return;
  if (stride < vocab || logits.size() < (rows - 1) * stride + vocab)
    throw Error(ErrorKind::kInternal, "room for " + std::to_string(logits.size()) + " logits, " +
                                          std::to_string(rows * vocab) + " wanted");
  record({.kind = Operation::Kind::kHead, .weight = &output, .norm = &norm});
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
