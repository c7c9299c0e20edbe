// The eight operations of a step on CPU threads. Each is one or two parallel regions: what every
// token needs on its own (norms, forms of activations), then rows of weights.
#include "core/backends/native/native.h"

#include <algorithm>

#include "core/backends/native/kv_cache.h"
#include "core/backends/native/nonlinearity.h"
#include "core/backends/native/workspace.h"
#include "core/model/whole_models.h"

namespace nety::native {
namespace {

using checkpoint::ModelConfig;
using model::Batch;
using model::LayerSpec;
using model::LayerWeights;
using model::Slot;

/// Rows of weights are dealt out in multiples of this: whole panels of packed rows.
constexpr int64_t kRowGrain = kernels::kPackRows;

// Where a share's end falls among the rows of one weight: at the end of a panel.
int64_t cut(int64_t row, int64_t rows) {
  const int64_t inside = std::clamp<int64_t>(row, 0, rows);
  return std::min((inside + kRowGrain - 1) / kRowGrain * kRowGrain, rows);
}

class NativeBackend final : public model::Backend {
 public:
  NativeBackend(const model::BackendOptions& options, const machine::Machine& machine)
      : pool_(options.threads),
        compute_(options.compute),
        cells_(kernels::choose_isa(options.isa, machine)) {}

  std::string_view name() const override { return "native"; }
  std::string_view device() const override { return "cpu"; }
  int threads() const override { return pool_.threads(); }
  bool same_bits_for_many() const override { return true; }
  std::string kernel(precision::ModeId mode) const override;

  model::WeightPtr prepare(const precision::MatrixView& source, precision::ModeId mode,
                           model::WeightUse use) override {
    if (use == model::WeightUse::kTable && source.mode == mode) return make_table(source);
    tallest_ = std::max(tallest_, source.rows);
    return make_weight(source, mode, cells_.isa(), pool_, arena_, compute_);
  }
  std::unique_ptr<model::KvCache> make_cache(const model::CacheShape& shape) override {
    return std::make_unique<KvCache>(shape);
  }
  void copy_sequence(model::KvCache& cache, int32_t from, int32_t to, int32_t length) override {
    auto& own = static_cast<KvCache&>(cache);
    share_items(pool_, own.shape().layers,
                [&](int64_t layer) { own.copy(layer, from, to, length); });
  }
  uint64_t exported_bytes(const model::KvCache& cache, int32_t length) const override {
    return static_cast<const KvCache&>(cache).exported_bytes(length);
  }
  void export_layer(const model::KvCache& cache, int64_t layer, int32_t sequence, int32_t length,
                    std::span<std::byte> to) const override {
    static_cast<const KvCache&>(cache).export_layer(layer, sequence, length, to.data());
  }
  void import_layer(model::KvCache& cache, int64_t layer, int32_t sequence, int32_t length,
                    std::span<const std::byte> from) override {
    static_cast<KvCache&>(cache).import_layer(layer, sequence, length, from.data());
  }
  std::unique_ptr<model::Workspace> make_workspace(const ModelConfig& config,
                                                   const model::LocalShape& shape,
                                                   const model::StepLimits& limits) override {
    if (!shape.is_whole()) model::require_separable(config);
    return std::make_unique<Workspace>(config, shape, limits, pool_.threads(), tallest_);
  }

  void begin_step(const Batch& batch, model::Workspace& workspace, model::KvCache& cache) override;
  void embed(const model::Weight& table) override;
  void qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index) override;
  void attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index) override;
  void attention_output(const LayerWeights& layer, const LayerSpec& spec) override;
  void gate_up(const LayerWeights& layer, const LayerSpec& spec) override;
  void down(const LayerWeights& layer, const LayerSpec& spec) override;
  void experts(const LayerWeights& layer, const LayerSpec& spec) override;
  void head(const model::Weight& norm, const model::Weight* bias, const model::Weight& output,
            std::span<float> logits, int64_t width) override;
  void end_step() override {}
  model::ActivationRows activation(model::Activation which) override;

 private:
  struct Product {
    const Weight& w;
    Destination to;
  };
  /// Calls each(t) for every token of the step, in parallel if there are several.
  template <class Each>
  void each_token(int64_t tokens, Each&& each);
  /// Row t of x by a norm of the model's kind, or as it is where there is none.
  void normalise_row(int64_t t, const float* norm, const float* bias, float* y) const;
  /// Norm of x, and the forms of it that products with the weights take.
  void normalise(const model::WeightPtr& norm, const model::WeightPtr& bias,
                 std::initializer_list<const Weight*> weights);
  /// Norm, rotation and growth of the heads of q or k [count, d] of token t.
  void finish_heads(float* heads, int64_t count, int64_t t, const LayerSpec& spec,
                    const model::WeightPtr& norm) const;
  /// The products' rows, shared among the workers as if they were one tall matrix.
  void multiply(std::initializer_list<Product> products, int64_t tokens);
  /// x += r norm(W in + bias), in the columns that are computed here; a null norm is none.
  void add_to_stream(const Weight& w, const model::WeightPtr& bias, const model::WeightPtr& norm,
                     const LayerSpec& spec);
  /// x += r norm(y) in row t; a null norm is none, and y may change.
  void add_row(int64_t t, float* y, const model::WeightPtr& norm, const LayerSpec& spec);
  void finish_logits(std::span<float> logits, int64_t rows, int64_t count, int64_t width);
  /// The rotations of the step's positions: cos and sin [T, head_dim / 2].
  void prepare_rotations();
  /// Tokens of a sequence once the step is done.
  int64_t length_after(int32_t sequence) const;

  ThreadPool pool_;
  Arena arena_;
  model::Compute compute_;
  Cells cells_;
  int64_t tallest_ = 0;  // rows of the largest weight

  // Of the step between begin_step and end_step:
  Batch batch_{};
  int64_t tokens_ = 0;
  KvCache* cache_ = nullptr;
  Workspace* work_ = nullptr;
};

std::string NativeBackend::kernel(precision::ModeId mode) const {
  return product_of(mode, cells_.isa(), compute_).kernel(mode, cells_.isa());
}

template <class Each>
void NativeBackend::each_token(int64_t tokens, Each&& each) {
  share_items(pool_, tokens, each);
}

void NativeBackend::normalise_row(int64_t t, const float* norm, const float* bias, float* y) const {
  const ModelConfig& config = work_->config;
  const float* x = work_->x.data() + t * config.dim;
  if (norm == nullptr)
    std::copy_n(x, config.dim, y);
  else if (config.layer_norms)
    layer_norm(x, norm, bias, config.rms_eps, config.dim, y);
  else
    rms_norm(x, norm, config.rms_eps, config.dim, y);
}

void NativeBackend::normalise(const model::WeightPtr& norm, const model::WeightPtr& bias,
                              std::initializer_list<const Weight*> weights) {
  Workspace& work = *work_;
  work.in.set_cols(work.config.dim);
  each_token(tokens_, [&](int64_t t) {
    normalise_row(t, floats_or_null(norm), floats_or_null(bias), work.in.row(t));
    work.in.derive(t, weights, cells_);
  });
}

void NativeBackend::multiply(std::initializer_list<Product> products, int64_t tokens) {
  int64_t total = 0;
  for (const Product& product : products) total += product.w.view().rows;
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(total, worker, workers, kRowGrain);
    int64_t base = 0;
    for (const Product& product : products) {
      const int64_t rows = product.w.view().rows;
      const int64_t first = cut(share.begin - base, rows);
      const int64_t last = cut(share.end - base, rows);
      if (first < last)
        multiply_rows(product.w, work_->in, tokens, first, last, product.to, cells_,
                      work_->scratch[static_cast<size_t>(worker)]);
      base += rows;
    }
  });
}

void NativeBackend::prepare_rotations() {
  for (Rotations& one : work_->rotations) {
    const bool by_length = model::depends_on_length(*one.rope);
    const auto half = static_cast<size_t>(one.half);
    for (size_t t = 0; t < batch_.positions.size(); ++t) {
      const int32_t sequence = batch_.sequences[t];
      if (by_length && (t == 0 || sequence != batch_.sequences[t - 1]))
        one.table = model::rope_table(work_->config, *one.rope, length_after(sequence));
      model::rope_rotation(one.table, batch_.positions[t],
                           std::span(one.cosines).subspan(t * half, half),
                           std::span(one.sines).subspan(t * half, half));
    }
  }
}

int64_t NativeBackend::length_after(int32_t sequence) const {
  int32_t last = 0;
  for (size_t t = 0; t < batch_.positions.size(); ++t)
    if (batch_.sequences[t] == sequence) last = std::max(last, batch_.positions[t]);
  return int64_t{last} + 1;
}

void NativeBackend::begin_step(const Batch& batch, model::Workspace& workspace,
                               model::KvCache& cache) {
  batch_ = batch;
  tokens_ = static_cast<int64_t>(batch.tokens.size());
  work_ = static_cast<Workspace*>(&workspace);
  cache_ = static_cast<KvCache*>(&cache);
  work_->attention.begin_step(batch, *cache_, cells_.isa());
  prepare_rotations();
}

model::ActivationRows NativeBackend::activation(model::Activation which) {
  Workspace& work = *work_;
  const auto rows = [&](float* data, int64_t stride, const model::Part& columns) {
    return model::ActivationRows{data, tokens_, columns.whole, stride, columns};
  };
  switch (which) {
    case model::Activation::kStream:
      return rows(work.x.data(), work.config.dim, work.shape.stream);
    case model::Activation::kAttention:
      return rows(work.in.row(0), work.in.stride(), work.attention_columns());
    case model::Activation::kHidden:
      return rows(work.h.data(), work.shape.ffn.whole, work.shape.ffn);
  }
  return {};
}

void NativeBackend::embed(const model::Weight& table) {
  const precision::MatrixView& view = native(table).view();
  const auto dequantise = precision::mode(view.mode).functions->dequantise;
  const auto scale = static_cast<float>(work_->config.embedding_scale);
  each_token(tokens_, [&](int64_t t) {
    float* const x = work_->x.data() + t * work_->config.dim;
    dequantise(view, batch_.tokens[static_cast<size_t>(t)], x);
    if (scale != 1)
      for (int64_t i = 0; i < work_->config.dim; ++i) x[i] *= scale;
  });
}

void NativeBackend::qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index) {
  Workspace& work = *work_;
  const Weight& wq = native(layer[Slot::wq]);
  const Weight& wk = native(layer[Slot::wk]);
  const Weight& wv = native(layer[Slot::wv]);
  normalise(layer[Slot::attention_norm], layer[Slot::attention_norm_bias], {&wq, &wk, &wv});
  const int64_t q_width = work.q_width(), kv_width = work.kv_width(), dim = work.shape.head_dim;
  multiply({{wq, {work.q.data(), q_width, floats_or_null(layer[Slot::bq])}},
            {wk, {work.k.data(), kv_width, floats_or_null(layer[Slot::bk])}},
            {wv, {work.v.data(), kv_width, floats_or_null(layer[Slot::bv])}}},
           tokens_);
  each_token(tokens_, [&](int64_t t) {
    const auto row = static_cast<size_t>(t);
    float* const q = work.q.data() + t * q_width;
    float* const k = work.k.data() + t * kv_width;
    finish_heads(q, work.shape.heads.count, t, spec, layer[Slot::q_norm]);
    finish_heads(k, work.shape.kv_heads, t, spec, layer[Slot::k_norm]);
    if (const float growth = model::query_scale(spec, batch_.positions[row]); growth != 1)
      for (int64_t i = 0; i < q_width; ++i) q[i] *= growth;
    for (int64_t head = 0; head < work.shape.kv_heads; ++head)
      cache_->write(index, batch_.sequences[row], head, batch_.positions[row], k + head * dim,
                    work.v.data() + t * kv_width + head * dim);
  });
}

void NativeBackend::finish_heads(float* heads, int64_t count, int64_t t, const LayerSpec& spec,
                                 const model::WeightPtr& norm) const {
  const int64_t dim = work_->shape.head_dim;
  const double eps = work_->config.rms_eps;
  if (spec.head_norm == checkpoint::HeadNorm::kRow)
    rms_norm(heads, native(norm).floats(), eps, count * dim, heads);
  const Rotations* rotations = work_->rotations_of(spec.rotary);
  for (int64_t head = 0; head < count; ++head) {
    float* const one = heads + head * dim;
    if (spec.head_norm == checkpoint::HeadNorm::kHead)
      rms_norm(one, native(norm).floats(), eps, dim, one);
    if (rotations != nullptr) rotations->rotate(one, t);
  }
}

void NativeBackend::attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index) {
  const model::Part columns = work_->attention_columns();
  work_->in.set_cols(columns.whole);
  work_->attention.run(spec, index, work_->q.data(), floats_or_null(layer[Slot::sinks]), pool_,
                       work_->in.row(0) + columns.begin, work_->in.stride());
}

void NativeBackend::attention_output(const LayerWeights& layer, const LayerSpec& spec) {
  const Weight& wo = native(layer[Slot::wo]);
  each_token(tokens_, [&](int64_t t) { work_->in.derive(t, {&wo}, cells_); });
  add_to_stream(wo, layer[Slot::bo], layer[Slot::attention_post_norm], spec);
}

void NativeBackend::gate_up(const LayerWeights& layer, const LayerSpec& spec) {
  Workspace& work = *work_;
  const Weight* gate = spec.gated ? &native(layer[Slot::w_gate]) : nullptr;
  const Weight& up = native(layer[Slot::w_up]);
  const Slot norm = spec.parallel ? Slot::attention_norm : Slot::mlp_norm;
  const Slot bias = spec.parallel ? Slot::attention_norm_bias : Slot::mlp_norm_bias;
  normalise(layer[norm], layer[bias], {gate == nullptr ? &up : gate, &up});
  const model::Part& ffn = work.shape.ffn;
  float* const h = work.h.data() + ffn.begin;
  float* const u = gate == nullptr ? nullptr : work.u.data();
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(ffn.count, worker, workers, kRowGrain);
    if (share.begin == share.end) return;
    Scratch& scratch = work.scratch[static_cast<size_t>(worker)];
    const auto product = [&](const Weight& w, Slot b, float* to, int64_t stride) {
      multiply_rows(w, work.in, tokens_, share.begin, share.end,
                    {to, stride, floats_or_null(layer[b])}, cells_, scratch);
    };
    if (gate == nullptr) {
      product(up, Slot::b_up, h, ffn.whole);
    } else {
      product(*gate, Slot::b_gate, h, ffn.whole);
      product(up, Slot::b_up, u, ffn.count);
    }
    for (int64_t t = 0; t < tokens_; ++t)
      apply_nonlinearity(spec, cells_, h + t * ffn.whole + share.begin,
                         u == nullptr ? nullptr : u + t * ffn.count + share.begin,
                         share.end - share.begin);
  });
}

void NativeBackend::down(const LayerWeights& layer, const LayerSpec& spec) {
  const Weight& w = native(layer[Slot::w_down]);
  const int64_t width = work_->shape.ffn.whole;
  work_->in.set_cols(width);
  each_token(tokens_, [&](int64_t t) {
    std::copy_n(work_->h.data() + t * width, width, work_->in.row(t));
    work_->in.derive(t, {&w}, cells_);
  });
  add_to_stream(w, layer[Slot::b_down], layer[Slot::mlp_post_norm], spec);
}

void NativeBackend::experts(const LayerWeights& layer, const LayerSpec& spec) {
  Workspace& work = *work_;
  const Weight& router = native(layer[Slot::router]);
  normalise(layer[Slot::mlp_norm], layer[Slot::mlp_norm_bias], {&router});
  multiply(
      {{router,
        {work.experts.scores(), spec.mixture.experts, floats_or_null(layer[Slot::router_bias])}}},
      tokens_);
  work.experts.run({layer, spec, work.in, tokens_, pool_, cells_, work.scratch});
  each_token(tokens_,
             [&](int64_t t) { add_row(t, work.experts.sum(t), layer[Slot::mlp_post_norm], spec); });
}

void NativeBackend::add_to_stream(const Weight& w, const model::WeightPtr& bias,
                                  const model::WeightPtr& norm, const LayerSpec& spec) {
  Workspace& work = *work_;
  const int64_t dim = work.config.dim;
  const auto scale = static_cast<float>(spec.residual_scale);
  if (norm == nullptr)
    return multiply(
        {{w, {work.x.data() + work.shape.stream.begin, dim, floats_or_null(bias), true, scale}}},
        tokens_);
  multiply({{w, {work.y.data(), dim, floats_or_null(bias)}}}, tokens_);
  each_token(tokens_, [&](int64_t t) { add_row(t, work.y.data() + t * dim, norm, spec); });
}

void NativeBackend::add_row(int64_t t, float* y, const model::WeightPtr& norm,
                            const LayerSpec& spec) {
  const int64_t dim = work_->config.dim;
  float* const x = work_->x.data() + t * dim;
  const auto scale = static_cast<float>(spec.residual_scale);
  if (norm != nullptr) rms_norm(y, native(norm).floats(), work_->config.rms_eps, dim, y);
  for (int64_t i = 0; i < dim; ++i) x[i] += scale * y[i];
}

void NativeBackend::head(const model::Weight& norm, const model::Weight* bias,
                         const model::Weight& output, std::span<float> logits, int64_t width) {
  const auto rows = static_cast<int64_t>(batch_.logit_rows.size());
  if (rows == 0) return;
  Workspace& work = *work_;
  const Weight& w = native(output);
  work.in.set_cols(work.config.dim);
  each_token(rows, [&](int64_t r) {
    const int64_t t = batch_.logit_rows[static_cast<size_t>(r)];
    normalise_row(t, native(norm).floats(), bias == nullptr ? nullptr : native(*bias).floats(),
                  work.in.row(r));
    work.in.derive(r, {&w}, cells_);
  });
  multiply({{w, {.y = logits.data(), .stride = width}}}, rows);
  finish_logits(logits, rows, w.view().rows, width);
}

// Rows of `count` logits, `width` apart, scaled and capped as the model has it.
void NativeBackend::finish_logits(std::span<float> logits, int64_t rows, int64_t count,
                                  int64_t width) {
  const auto scale = static_cast<float>(work_->config.logit_scale);
  const auto cap = static_cast<float>(work_->config.logit_cap);
  if (scale == 1 && cap == 0) return;
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(count, worker, workers, kRowGrain);
    for (int64_t row = 0; row < rows; ++row) {
      float* const some = logits.data() + row * width + share.begin;
      for (int64_t i = 0; i < share.end - share.begin; ++i) some[i] *= scale;
      if (cap > 0) cells_.get<kernels::Op::kSoftCap>()(some, share.end - share.begin, cap);
    }
  });
}

}  // namespace

std::unique_ptr<model::Backend> make_backend(const model::BackendOptions& options,
                                             const machine::Machine& machine) {
  return std::make_unique<NativeBackend>(options, machine);
}

}  // namespace nety::native
