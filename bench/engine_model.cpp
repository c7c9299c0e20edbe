// The engine that really runs the model: core/engine behind the benchmark's interface.
#include <fmt/core.h>

#include <chrono>

#include "bench/byte_text.h"
#include "bench/engine.h"
#include "bench/model_facts.h"
#include "bench/shape_weights.h"
#include "core/backends/backends.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/checkpoint/shapes.h"
#include "core/engine/generation.h"
#include "core/kernels/kernels.h"
#include "core/model/compute.h"
#include "core/model/footprint.h"
#include "core/model/tokenizer_source.h"
#include "core/policy/plan.h"

namespace nety::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::optional<precision::ModeId> mode_of(const std::string& name) {
  if (name.empty() || name == "stored") return std::nullopt;
  const precision::Mode* mode = precision::find_mode(name);
  if (mode == nullptr)
    throw Error(ErrorKind::kUsage, "unknown mode '" + name + "'", "nety modes lists them.");
  return mode->id;
}

double cached_share(const checkpoint::Checkpoint& checkpoint) {
  double cached = 0, total = 0;
  for (const MappedFile& file : checkpoint.files()) {
    const double share = file.resident_share();
    if (share < 0) return -1;
    cached += share * static_cast<double>(file.size());
    total += static_cast<double>(file.size());
  }
  return total > 0 ? cached / total : -1;
}

/// Refuses what the plan says does not fit, before any of it is touched.
/// Error: kMemory, with the numbers.
void require_memory(const policy::MemoryPlan& plan, const machine::MemoryBudget& memory) {
  if (memory.limited_by.empty() || plan.needed() <= memory.available_bytes) return;
  throw Error(
      ErrorKind::kMemory,
      fmt::format("does not fit: {} needed, {} and a tenth to spare, {} available (weights {}, "
                  "KV cache {}, workspace {}, tokenizer and program {}; limited by {})",
                  format_bytes(plan.needed()), format_bytes(plan.total()),
                  format_bytes(memory.available_bytes), format_bytes(plan.weights()),
                  format_bytes(plan.kv_bytes), format_bytes(plan.workspace_bytes),
                  format_bytes(plan.tokenizer_bytes + plan.program_bytes), memory.limited_by),
      "Use a mode with fewer bytes per weight, or a shorter --ctx.");
}

class ModelEngine final : public Engine {
 public:
  explicit ModelEngine(const EngineRequest& request) : request_(request) {}

  LoadReport load(Progress& progress) override;
  uint64_t planned_bytes() const override { return planned_bytes_; }
  void reset() override { rewind(0); }
  void rewind(int64_t length) override { sequence_->truncate(length); }
  void prefill(std::span<const int32_t> tokens) override { sequence_->feed(tokens); }
  void decode(int32_t token) override { sequence_->feed(std::span(&token, 1)); }
  std::span<const float> logits(std::span<const int32_t> tokens) override {
    return sequence_->feed_all(tokens);
  }
  int64_t stream(std::string_view prompt, int64_t n_gen, const OnToken& on_token) override;
  std::vector<int32_t> encode(std::string_view text) override {
    return is_shape() ? bytes_as_tokens(text, model_->config.vocab) : tokenizer().encode(text);
  }
  std::string text_of(std::span<const int32_t> tokens) override {
    return is_shape() ? tokens_as_bytes(tokens) : tokenizer().decode(tokens);
  }
  uint64_t bytes_per_token(int64_t depth) const override {
    return footprint_.per_token_bytes +
           model::kv_bytes_read(model_->config, depth, request_.run.kv);
  }
  double read_bandwidth(uint64_t bytes) override { return backend_->read_bandwidth(bytes); }
  double product_rate() override { return backend_->product_rate(mode_); }
  uint64_t device_bytes() const override { return backend_->device_bytes(); }

 private:
  bool is_shape() const { return !request_.shape.empty(); }
  void open(LoadReport& report);
  precision::ModeId used(std::optional<precision::ModeId> mode) const;
  precision::ModeId products_in(std::optional<precision::ModeId> mode) const;
  void check_memory(std::optional<precision::ModeId> mode, const machine::Machine& machine);
  const tokenizer::Tokenizer& tokenizer() {
    if (!tokenizer_) tokenizer_.emplace(model::load_tokenizer(*checkpoint_));
    return *tokenizer_;
  }

  EngineRequest request_;
  uint64_t planned_bytes_ = 0;
  precision::ModeId mode_ = precision::ModeId::fp32;    // of the layers' matrices
  std::unique_ptr<checkpoint::Checkpoint> checkpoint_;  // null for a shape
  checkpoint::ModelConfig shape_;
  std::unique_ptr<ShapeWeights> shape_weights_;  // null for a checkpoint
  std::unique_ptr<model::Backend> backend_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<engine::Engine> engine_;
  std::optional<engine::Sequence> sequence_;
  std::optional<tokenizer::Tokenizer> tokenizer_;
  model::Footprint footprint_;
};

LoadReport ModelEngine::load(Progress& progress) {
  LoadReport report;
  const machine::Machine& machine = machine::host();
  const int threads = machine::threads_for(request_.run.threads, machine);

  Clock::time_point start = Clock::now();
  open(report);
  report.phases_s["read"] = seconds_since(start);

  start = Clock::now();
  const std::optional<precision::ModeId> mode = mode_of(request_.run.mode);
  backend_ = backends::make_backend(
      request_.run.backend,
      {.threads = threads,
       .isa = request_.run.isa,
       .device = request_.run.device,
       .compute = model::compute_for(request_.run.compute, precision::mode(used(mode)),
                                     request_.run.device != "cpu")},
      machine);
  report.phases_s["init"] = seconds_since(start);

  start = Clock::now();
  const model::LoadOptions load_options{.mode = mode,
                                        .head = policy::head_mode(request_.run.head, mode)};
  if (is_shape()) ShapeWeights::makeable(mode);
  check_memory(mode, machine);
  if (is_shape()) {
    shape_weights_ = std::make_unique<ShapeWeights>(shape_, request_.seed, threads);
    model_ = std::make_unique<model::Model>(
        model::load_model(shape_, *shape_weights_, *backend_, load_options, progress));
  } else {
    model_ = std::make_unique<model::Model>(
        model::load_model(*checkpoint_, *backend_, load_options, progress));
  }
  report.phases_s["convert"] = seconds_since(start);

  start = Clock::now();
  engine::EngineOptions options{.context = request_.run.context, .kv = request_.run.kv};
  if (request_.logit_rows > 0) options.logit_rows = request_.logit_rows;
  engine_ = std::make_unique<engine::Engine>(*model_, *backend_, options);
  sequence_ = engine_->open_sequence();
  report.phases_s["init"] += seconds_since(start);

  footprint_ = model::footprint(*model_);
  report.device = backend_->device();
  report.isa = kernels::name_of(kernels::choose_isa(request_.run.isa, machine));
  mode_ = used(mode);
  report.kernel = backend_->kernel(mode_);
  report.threads = backend_->threads();
  report.activation = precision::mode(products_in(mode)).activation;
  report.flops_per_token = policy::flops_per_token(policy::weights_of(model_->config));
  report.weights_bytes = footprint_.weights_bytes;
  report.kv_bytes = engine_->cache_bytes();
  report.vocab = model_->config.vocab;
  report.context = engine_->options().context;
  return report;
}

void ModelEngine::open(LoadReport& report) {
  if (is_shape()) {
    shape_ = checkpoint::find_shape(request_.shape);
    report.model = describe(shape_, request_.seed);
    return;
  }
  checkpoint_ =
      std::make_unique<checkpoint::Checkpoint>(checkpoint::Checkpoint::open(request_.model));
  report.model = describe(*checkpoint_);
  report.cached_share = cached_share(*checkpoint_);
}

/// The mode of the layers' matrices.
precision::ModeId ModelEngine::used(std::optional<precision::ModeId> mode) const {
  return mode ? *mode : is_shape() ? precision::ModeId::fp32 : checkpoint_->stored_mode();
}

/// LibTorch has no products with quantised weights: its backend keeps them widened.
precision::ModeId ModelEngine::products_in(std::optional<precision::ModeId> mode) const {
  const precision::ModeId used = this->used(mode);
  const bool widened =
      request_.run.backend == "torch" && precision::mode(used).kind != precision::ModeKind::kFloat;
  return widened ? precision::ModeId::fp32 : used;
}

void ModelEngine::check_memory(std::optional<precision::ModeId> mode,
                               const machine::Machine& machine) {
  if (products_in(mode) == precision::ModeId::fp32) mode = precision::ModeId::fp32;
  policy::PlanOptions options;
  options.run = request_.run;
  options.run.threads = backend_->threads();
  options.backend = backends::memory_of(request_.run.backend);
  if (request_.logit_rows > 0) options.logit_rows = request_.logit_rows;
  policy::MemoryPlan plan =
      is_shape() ? policy::plan(shape_, mode, options) : policy::plan(*checkpoint_, mode, options);
  // Scoring a text keeps one more copy of its logits, and for each thread a row of the reference's
  // and its bytes.
  const int64_t vocab = is_shape() ? shape_.vocab : checkpoint_->config().vocab;
  if (request_.logit_rows > 1)
    plan.workspace_bytes +=
        static_cast<uint64_t>((request_.logit_rows + 2 * options.run.threads) * vocab) *
        sizeof(float);
  planned_bytes_ = plan.total();
  require_memory(plan, machine::memory_budget(machine));
}

int64_t ModelEngine::stream(std::string_view prompt, int64_t n_gen, const OnToken& on_token) {
  sequence_->truncate(0);
  const std::vector<int32_t> ids = encode(prompt);
  // A loop of its own: generate() would stop at end tokens, and calls back per text, not per token.
  std::span<const float> logits = sequence_->feed(ids);
  engine::Sampler sampler({.temperature = 0.8, .top_k = 40, .top_p = 0.95, .seed = 1});
  std::optional<tokenizer::StreamDecoder> decoder;
  if (!is_shape()) decoder.emplace(tokenizer());
  for (int64_t i = 0; i < n_gen; ++i) {
    const int32_t token = sampler.pick(logits, {sequence_->tokens()});
    on_token(decoder ? decoder->push(token) : tokens_as_bytes(std::span(&token, 1)));
    if (i + 1 < n_gen) logits = sequence_->feed(std::span(&token, 1));
  }
  return static_cast<int64_t>(ids.size());
}

}  // namespace

std::unique_ptr<Engine> make_engine(const EngineRequest& request) {
  return std::make_unique<ModelEngine>(request);
}

}  // namespace nety::bench
