// The seven operations on a GPU. A step of one token is noted down; the second of its kind becomes
// a CUDA graph, which the following ones launch: all that differs between them is data on the
// device.
#include "core/backends/cuda/cuda_backend.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "core/backends/cuda/kv_cache.h"
#include "core/backends/cuda/linear.h"
#include "core/backends/cuda/weight.h"
#include "core/model/rope.h"

namespace nety::cuda {
namespace {

using model::Batch;
using model::LayerWeights;
using precision::ModeId;

const float* floats_or_null(const model::WeightPtr& weight) {
  return weight == nullptr ? nullptr : cast(*weight).floats();
}

Segment segment_of(const model::WeightPtr& weight, const model::WeightPtr& bias, float* y) {
  return {cast(*weight).matrix(), floats_or_null(bias), y};
}

/// One call of a step, to be made later.
struct Operation {
  enum class Kind { kEmbed, kQkv, kAttention, kAttentionOutput, kGateUp, kDown, kHead };
  Kind kind{};
  const LayerWeights* layer = nullptr;
  const model::Weight* weight = nullptr;  // the table, the head, or the layer's first matrix
  const model::Weight* norm = nullptr;
  int64_t index = 0;
  bool operator==(const Operation&) const = default;
};

/// What a graph is good for: the same calls on the same memory.
struct StepKey {
  std::vector<Operation> operations;
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
  void reserve(const checkpoint::ModelConfig& config, int64_t context, int64_t max_tokens,
               int64_t max_logits) override;

  void begin_step(const Batch& batch, model::KvCache& cache) override;
  void embed(const model::Weight& table) override {
    note({.kind = Operation::Kind::kEmbed, .weight = &table});
  }
  void qkv(const LayerWeights& layer, int64_t index) override {
    note({Operation::Kind::kQkv, &layer, layer.wq.get(), nullptr, index});
  }
  void attention(int64_t index) override {
    note({.kind = Operation::Kind::kAttention, .index = index});
  }
  void attention_output(const LayerWeights& layer) override {
    note({Operation::Kind::kAttentionOutput, &layer, layer.wo.get()});
  }
  void gate_up(const LayerWeights& layer) override {
    note({Operation::Kind::kGateUp, &layer, layer.w_gate.get()});
  }
  void down(const LayerWeights& layer) override {
    note({Operation::Kind::kDown, &layer, layer.w_down.get()});
  }
  void head(const model::Weight& norm, const model::Weight& output,
            std::span<float> logits) override;
  void end_step() override;

 private:
  int32_t tokens() const { return static_cast<int32_t>(batch_.tokens.size()); }
  StepRows step_rows() const {
    return {work_.positions, work_.sequences, work_.cosines, work_.sines};
  }
  /// One token: its rotation and its place in the cache are part of attention.
  bool is_fresh() const { return tokens() == 1; }
  void send_step();
  void choose_attention(int64_t length);
  void note(const Operation& operation);
  void make(const Operation& operation);
  void make_noted();
  void play();

  void do_embed(const model::Weight& table);
  Norm norm_of(const model::Weight& weight) const;
  void do_qkv(const LayerWeights& layer, int64_t index);
  void do_attention(int64_t index);
  void do_head(const model::Weight& norm, const model::Weight& output);

  std::unique_ptr<Device> device_;
  ThreadPool pool_;
  model::Compute compute_;
  Linear linear_;
  checkpoint::ModelConfig config_;
  model::RopeTable rope_;
  StepLimits limits_{};
  Buffer storage_;
  Workspace work_{};
  Buffer staged_;            // what a step sends, on the host
  Buffer host_logits_;       // [V]: what a step of one token brings back
  bool unwaited_ = false;    // whether staged_ may not have been sent yet
  uint64_t generation_ = 0;  // counts what may move memory under a graph

  // Of the step between begin_step and end_step:
  Batch batch_{};
  CudaKvCache* cache_ = nullptr;
  AttentionCut cut_;
  bool noting_ = false;
  StepKey noted_;

  StepKey graph_key_;
  std::unique_ptr<Graph> graph_;
};

void CudaBackend::reserve(const checkpoint::ModelConfig& config, int64_t context,
                          int64_t max_tokens, int64_t max_logits) {
  ++generation_;
  graph_.reset();
  config_ = config;
  rope_ = model::rope_table(config, context);
  limits_ = {std::max<int64_t>(1, max_tokens), std::max<int64_t>(1, max_logits), context};
  storage_ = Buffer();
  storage_ =
      device_->allocate(lay_out(config, limits_, nullptr).bytes,
                        "the workspace for steps of " + std::to_string(limits_.tokens) + " tokens");
  work_ = lay_out(config, limits_, storage_.as<std::byte>());
  device_->wait();
  staged_ = Buffer();
  host_logits_ = Buffer();
  staged_ = device_->host_memory(work_.step_bytes);
  std::memset(staged_.as<void>(), 0, work_.step_bytes);
  host_logits_ = device_->host_memory(static_cast<uint64_t>(config.vocab) * sizeof(float));
  device_->clear(work_.arrivals,
                 static_cast<uint64_t>(kMatvecTokens * config.heads) * sizeof(int32_t));
  linear_.use(work_);
}

double CudaBackend::product_rate(ModeId mode) {
  const Format format = format_on_device({.mode = mode, .cols = 64, .block = 64}, compute_);
  if (format == Format::kFourBit) return device_->product_rate(Format::kFp32);
  return device_->product_rate(format == Format::kFourBitBf16 ? Format::kBf16 : format);
}

void CudaBackend::begin_step(const Batch& batch, model::KvCache& cache) {
  cache_ = &static_cast<CudaKvCache&>(cache);
  const int64_t length = cache_->check(batch);
  if (static_cast<int64_t>(batch.tokens.size()) > limits_.tokens ||
      static_cast<int64_t>(batch.logit_rows.size()) > limits_.logits)
    throw Error(ErrorKind::kInternal, "a step of more tokens or logits than were reserved");
  batch_ = batch;
  send_step();
  choose_attention(length);
  noting_ = batch.tokens.size() == 1 && batch.logit_rows.size() == 1;
  noted_ = {{}, cache_, cut_.splits, generation_};
}

// Tokens, positions and rotations, in the workspace's own layout and one copy.
void CudaBackend::send_step() {
  if (unwaited_) device_->wait();
  const auto staged = [&](auto* on_device) {
    const ptrdiff_t at = reinterpret_cast<std::byte*>(on_device) - work_.step;
    return reinterpret_cast<decltype(on_device)>(staged_.as<std::byte>() + at);
  };
  std::ranges::copy(batch_.tokens, staged(work_.tokens));
  std::ranges::copy(batch_.positions, staged(work_.positions));
  std::ranges::copy(batch_.sequences, staged(work_.sequences));
  std::ranges::copy(batch_.logit_rows, staged(work_.logit_rows));
  const auto half = static_cast<size_t>(config_.head_dim / 2);
  const bool grows = model::depends_on_length(config_.rope);
  std::vector<int32_t> ends;  // of each sequence after the step: its last position
  if (grows)
    for (size_t t = 0; t < batch_.tokens.size(); ++t) {
      const auto sequence = static_cast<size_t>(batch_.sequences[t]);
      if (ends.size() <= sequence) ends.resize(sequence + 1);
      ends[sequence] = batch_.positions[t];
    }
  for (size_t t = 0; t < batch_.positions.size(); ++t) {
    if (grows)
      rope_ = model::rope_table(config_, ends[static_cast<size_t>(batch_.sequences[t])] + 1);
    model::rope_rotation(rope_, batch_.positions[t], {staged(work_.cosines) + t * half, half},
                         {staged(work_.sines) + t * half, half});
  }
  device_->upload(work_.step, work_.step_bytes, staged_.as<void>(), work_.step_bytes,
                  work_.step_bytes, 1);
  unwaited_ = true;
}

void CudaBackend::choose_attention(int64_t length) {
  const bool one_sequence = std::ranges::all_of(
      batch_.sequences, [&](int32_t sequence) { return sequence == batch_.sequences[0]; });
  cut_ = cut_attention(*device_, config_, tokens(), length, one_sequence);
}

void CudaBackend::note(const Operation& operation) {
  if (noting_)
    noted_.operations.push_back(operation);
  else
    make(operation);
}

void CudaBackend::make(const Operation& operation) {
  const LayerWeights* layer = operation.layer;
  switch (operation.kind) {
    case Operation::Kind::kEmbed:
      return do_embed(*operation.weight);
    case Operation::Kind::kQkv:
      return do_qkv(*layer, operation.index);
    case Operation::Kind::kAttention:
      return do_attention(operation.index);
    case Operation::Kind::kAttentionOutput: {
      const Segment segments[] = {segment_of(layer->wo, layer->bo, work_.x)};
      return linear_.multiply(segments, work_.a, tokens(), Epilogue::kAdd);
    }
    case Operation::Kind::kGateUp: {
      const Segment segments[] = {segment_of(layer->w_gate, layer->b_gate, work_.h),
                                  segment_of(layer->w_up, layer->b_up, work_.u)};
      return linear_.multiply(segments, work_.x, tokens(), Epilogue::kSilu,
                              norm_of(*layer->mlp_norm));
    }
    case Operation::Kind::kDown: {
      const Segment segments[] = {segment_of(layer->w_down, layer->b_down, work_.x)};
      return linear_.multiply(segments, work_.h, tokens(), Epilogue::kAdd);
    }
    case Operation::Kind::kHead:
      return do_head(*operation.norm, *operation.weight);
  }
}

void CudaBackend::make_noted() {
  noting_ = false;
  for (const Operation& operation : noted_.operations) make(operation);
  noted_.operations.clear();
}

void CudaBackend::play() {
  if (!(graph_key_ == noted_)) {
    // The first of its kind is made as it is: kernels are loaded when first launched, which a
    // capture may not survive, and it may stay the only one.
    graph_.reset();
    graph_key_ = noted_;
    return make_noted();
  }
  if (graph_ == nullptr) {
    device_->start_capture();
    try {
      make_noted();
    } catch (...) {
      device_->stop_capture();
      throw;
    }
    graph_ = device_->stop_capture();
  }
  noting_ = false;
  noted_.operations.clear();
  graph_->launch();
}

void CudaBackend::do_embed(const model::Weight& table) {
  cuda::embed(device_->stream(), {cast(table).matrix(), work_.tokens, tokens(), work_.x});
}

Norm CudaBackend::norm_of(const model::Weight& weight) const {
  return {cast(weight).floats(), static_cast<float>(config_.rms_eps)};
}

void CudaBackend::do_qkv(const LayerWeights& layer, int64_t index) {
  const Segment segments[] = {segment_of(layer.wq, layer.bq, work_.q),
                              segment_of(layer.wk, layer.bk, work_.k),
                              segment_of(layer.wv, layer.bv, work_.v)};
  linear_.multiply(segments, work_.x, tokens(), Epilogue::kStore, norm_of(*layer.attention_norm));
  if (is_fresh()) return;  // attention() does it
  rope_append(device_->stream(), {.q = work_.q,
                                  .k = work_.k,
                                  .v = work_.v,
                                  .step = step_rows(),
                                  .cache = cache_->layer(index),
                                  .tokens = tokens(),
                                  .heads = static_cast<int32_t>(config_.heads),
                                  .kv_heads = static_cast<int32_t>(config_.kv_heads),
                                  .head_dim = static_cast<int32_t>(config_.head_dim),
                                  .interleaved = config_.rope.interleaved});
}

void CudaBackend::do_attention(int64_t index) {
  cuda::attention(device_->stream(), {.q = work_.q,
                                      .a = work_.a,
                                      .step = step_rows(),
                                      .cache = cache_->layer(index),
                                      .tokens = tokens(),
                                      .heads = static_cast<int32_t>(config_.heads),
                                      .kv_heads = static_cast<int32_t>(config_.kv_heads),
                                      .head_dim = static_cast<int32_t>(config_.head_dim),
                                      .window = static_cast<int32_t>(config_.sliding_window),
                                      .tokens_per_block = cut_.tokens_per_block,
                                      .splits = cut_.splits,
                                      .partials = work_.partials,
                                      .arrivals = work_.arrivals,
                                      .fresh_k = is_fresh() ? work_.k : nullptr,
                                      .fresh_v = is_fresh() ? work_.v : nullptr,
                                      .interleaved = config_.rope.interleaved});
}

void CudaBackend::do_head(const model::Weight& norm, const model::Weight& output) {
  const auto rows = static_cast<int32_t>(batch_.logit_rows.size());
  const Segment segments[] = {{cast(output).matrix(), nullptr, work_.logits}};
  if (is_fresh()) return linear_.multiply(segments, work_.x, rows, Epilogue::kStore, norm_of(norm));
  rms_norm(device_->stream(),
           {work_.x, cast(norm).floats(), work_.logit_rows, work_.n, rows,
            static_cast<int32_t>(config_.dim), static_cast<float>(config_.rms_eps)});
  linear_.multiply(segments, work_.n, rows, Epilogue::kStore);
}

void CudaBackend::head(const model::Weight& norm, const model::Weight& output,
                       std::span<float> logits) {
  const size_t wanted = batch_.logit_rows.size() * static_cast<size_t>(cast(output).matrix().rows);
  if (logits.size() < wanted)
    throw Error(ErrorKind::kInternal, "room for " + std::to_string(logits.size()) + " logits, " +
                                          std::to_string(wanted) + " wanted");
  if (wanted == 0) return;
  note({.kind = Operation::Kind::kHead, .weight = &output, .norm = &norm});
  if (noting_) play();
  const size_t bytes = wanted * sizeof(float);
  const bool by_way = bytes <= host_logits_.bytes();
  device_->download(by_way ? host_logits_.as<void>() : logits.data(), work_.logits, bytes);
  unwaited_ = false;
  if (by_way) std::memcpy(logits.data(), host_logits_.as<void>(), bytes);
}

void CudaBackend::end_step() {
  if (noting_) make_noted();
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
