// The seven operations of a step on CPU threads. Each is one or two parallel regions: what every
// token needs on its own (norms, forms of activations), then rows of weights.
#include "core/backends/native/native.h"

#include <algorithm>
#include <cmath>

#include "core/backends/native/kv_cache.h"
#include "core/backends/native/workspace.h"
#include "core/base/error.h"

namespace nety::native {
namespace {

using checkpoint::ModelConfig;
using model::Batch;
using model::LayerWeights;
using model::Slot;

const Weight& native(const model::Weight& weight) { return static_cast<const Weight&>(weight); }
const Weight& native(const model::WeightPtr& weight) { return native(*weight); }

const float* floats_or_null(const model::WeightPtr& weight) {
  return weight == nullptr ? nullptr : native(weight).floats();
}

// y = x / rms(x) * w (Zhang and Sennrich 2019), the squares summed in 16 interleaved lanes.
void rms_norm(const float* x, const float* w, double eps, int64_t dim, float* y) {
  float lanes[16] = {};
  int64_t k = 0;
  for (; k + 16 <= dim; k += 16)
    for (int i = 0; i < 16; ++i) lanes[i] += x[k + i] * x[k + i];
  for (; k < dim; ++k) lanes[k % 16] += x[k] * x[k];
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  const float scale = 1.0F / std::sqrt(sum / static_cast<float>(dim) + static_cast<float>(eps));
  for (k = 0; k < dim; ++k) y[k] = w[k] * (x[k] * scale);
}

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
  std::unique_ptr<model::Workspace> make_workspace(const ModelConfig& config,
                                                   const model::LocalShape& shape,
                                                   const model::StepLimits& limits) override {
    return std::make_unique<Workspace>(config, shape, limits, pool_.threads(), tallest_);
  }

  void begin_step(const Batch& batch, model::Workspace& workspace, model::KvCache& cache) override;
  void embed(const model::Weight& table) override;
  void qkv(const LayerWeights& layer, int64_t index) override;
  void attention(int64_t index) override;
  void attention_output(const LayerWeights& layer) override;
  void gate_up(const LayerWeights& layer) override;
  void down(const LayerWeights& layer) override;
  void head(const model::Weight& norm, const model::Weight& output, std::span<float> logits,
            int64_t width) override;
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
  /// Norm of x, and the forms of it that products with the weights take.
  void normalise(const Weight& norm, std::initializer_list<const Weight*> weights);
  /// The products' rows, shared among the workers as if they were one tall matrix.
  void multiply(std::initializer_list<Product> products, int64_t tokens);
  /// x += W in + bias, in the columns that are computed here.
  void add_to_stream(const Weight& w, const model::WeightPtr& bias);
  /// The rotations of the step's positions: cos and sin [T, head_dim / 2].
  void prepare_rotations();
  /// Tokens of a sequence once the step is done.
  int64_t length_after(int32_t sequence) const;
  void rotate(float* head, int64_t t) const;

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
  if (tokens == 1) return each(int64_t{0});
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(tokens, worker, workers);
    for (int64_t t = share.begin; t < share.end; ++t) each(t);
  });
}

void NativeBackend::normalise(const Weight& norm, std::initializer_list<const Weight*> weights) {
  Workspace& work = *work_;
  const int64_t dim = work.config.dim;
  work.in.set_cols(dim);
  each_token(tokens_, [&](int64_t t) {
    rms_norm(work.x.data() + t * dim, norm.floats(), work.config.rms_eps, dim, work.in.row(t));
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
  Workspace& work = *work_;
  const bool by_length = model::depends_on_length(work.config.rope);
  const auto half = static_cast<size_t>(work.shape.head_dim / 2);
  for (size_t t = 0; t < batch_.positions.size(); ++t) {
    const int32_t sequence = batch_.sequences[t];
    if (by_length && (t == 0 || sequence != batch_.sequences[t - 1]))
      work.rope = model::rope_table(work.config, length_after(sequence));
    model::rope_rotation(work.rope, batch_.positions[t],
                         std::span(work.cos).subspan(t * half, half),
                         std::span(work.sin).subspan(t * half, half));
  }
}

int64_t NativeBackend::length_after(int32_t sequence) const {
  int32_t last = 0;
  for (size_t t = 0; t < batch_.positions.size(); ++t)
    if (batch_.sequences[t] == sequence) last = std::max(last, batch_.positions[t]);
  return int64_t{last} + 1;
}

void NativeBackend::rotate(float* head, int64_t t) const {
  const int64_t half = work_->shape.head_dim / 2;
  const float* cosines = work_->cos.data() + t * half;
  const float* sines = work_->sin.data() + t * half;
  const bool pairs = work_->config.rope.interleaved;
  for (int64_t i = 0; i < half; ++i) {
    float& a = head[pairs ? 2 * i : i];
    float& b = head[pairs ? 2 * i + 1 : i + half];
    const float rotated = a * cosines[i] - b * sines[i];
    b = b * cosines[i] + a * sines[i];
    a = rotated;
  }
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
  each_token(tokens_, [&](int64_t t) {
    dequantise(view, batch_.tokens[static_cast<size_t>(t)],
               work_->x.data() + t * work_->config.dim);
  });
}

void NativeBackend::qkv(const LayerWeights& layer, int64_t index) {
  Workspace& work = *work_;
  const Weight& wq = native(layer[Slot::wq]);
  const Weight& wk = native(layer[Slot::wk]);
  const Weight& wv = native(layer[Slot::wv]);
  normalise(native(layer[Slot::attention_norm]), {&wq, &wk, &wv});
  const int64_t q_width = work.q_width(), kv_width = work.kv_width(), dim = work.shape.head_dim;
  multiply({{wq, {work.q.data(), q_width, floats_or_null(layer[Slot::bq])}},
            {wk, {work.k.data(), kv_width, floats_or_null(layer[Slot::bk])}},
            {wv, {work.v.data(), kv_width, floats_or_null(layer[Slot::bv])}}},
           tokens_);
  each_token(tokens_, [&](int64_t t) {
    for (int64_t head = 0; head < work.shape.heads.count; ++head)
      rotate(work.q.data() + t * q_width + head * dim, t);
    const auto row = static_cast<size_t>(t);
    for (int64_t head = 0; head < work.shape.kv_heads; ++head) {
      float* key = work.k.data() + t * kv_width + head * dim;
      rotate(key, t);
      cache_->write(index, batch_.sequences[row], head, batch_.positions[row], key,
                    work.v.data() + t * kv_width + head * dim);
    }
  });
}

void NativeBackend::attention(int64_t index) {
  const model::Part columns = work_->attention_columns();
  work_->in.set_cols(columns.whole);
  work_->attention.run(index, work_->q.data(), pool_, work_->in.row(0) + columns.begin,
                       work_->in.stride());
}

void NativeBackend::attention_output(const LayerWeights& layer) {
  const Weight& wo = native(layer[Slot::wo]);
  each_token(tokens_, [&](int64_t t) { work_->in.derive(t, {&wo}, cells_); });
  add_to_stream(wo, layer[Slot::bo]);
}

void NativeBackend::gate_up(const LayerWeights& layer) {
  Workspace& work = *work_;
  const Weight& gate = native(layer[Slot::w_gate]);
  const Weight& up = native(layer[Slot::w_up]);
  normalise(native(layer[Slot::mlp_norm]), {&gate, &up});
  const model::Part& ffn = work.shape.ffn;
  float* const h = work.h.data() + ffn.begin;
  float* const u = work.u.data();
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(ffn.count, worker, workers, kRowGrain);
    if (share.begin == share.end) return;
    Scratch& scratch = work.scratch[static_cast<size_t>(worker)];
    multiply_rows(gate, work.in, tokens_, share.begin, share.end,
                  {h, ffn.whole, floats_or_null(layer[Slot::b_gate])}, cells_, scratch);
    multiply_rows(up, work.in, tokens_, share.begin, share.end,
                  {u, ffn.count, floats_or_null(layer[Slot::b_up])}, cells_, scratch);
    for (int64_t t = 0; t < tokens_; ++t) {
      float* gated = h + t * ffn.whole + share.begin;
      cells_.get<kernels::Op::kSilu>()(gated, u + t * ffn.count + share.begin, gated,
                                       share.end - share.begin);
    }
  });
}

void NativeBackend::down(const LayerWeights& layer) {
  const Weight& w = native(layer[Slot::w_down]);
  const int64_t width = work_->shape.ffn.whole;
  work_->in.set_cols(width);
  each_token(tokens_, [&](int64_t t) {
    std::copy_n(work_->h.data() + t * width, width, work_->in.row(t));
    work_->in.derive(t, {&w}, cells_);
  });
  add_to_stream(w, layer[Slot::b_down]);
}

void NativeBackend::add_to_stream(const Weight& w, const model::WeightPtr& bias) {
  multiply({{w,
             {work_->x.data() + work_->shape.stream.begin, work_->config.dim, floats_or_null(bias),
              true}}},
           tokens_);
}

void NativeBackend::head(const model::Weight& norm, const model::Weight& output,
                         std::span<float> logits, int64_t width) {
  const auto rows = static_cast<int64_t>(batch_.logit_rows.size());
  if (rows == 0) return;
  Workspace& work = *work_;
  const Weight& w = native(output);
  const int64_t dim = work.config.dim;
  work.in.set_cols(dim);
  each_token(rows, [&](int64_t r) {
    const int64_t t = batch_.logit_rows[static_cast<size_t>(r)];
    rms_norm(work.x.data() + t * dim, native(norm).floats(), work.config.rms_eps, dim,
             work.in.row(r));
    work.in.derive(r, {&w}, cells_);
  });
  multiply({{w, {logits.data(), width}}}, rows);
}

}  // namespace

std::unique_ptr<model::Backend> make_backend(const model::BackendOptions& options,
                                             const machine::Machine& machine) {
  return std::make_unique<NativeBackend>(options, machine);
}

}  // namespace nety::native
