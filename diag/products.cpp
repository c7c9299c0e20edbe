#include "diag/products.h"

#include <numeric>

#include "core/measure/stopwatch.h"

namespace nety::diag {
namespace {

constexpr int64_t kHeadDim = 64;  // of the attention that is never run

precision::MatrixView floats(const std::vector<float>& values, int64_t rows, int64_t cols) {
  return {.mode = precision::ModeId::fp32,
          .rows = rows,
          .cols = cols,
          .codes = reinterpret_cast<const std::byte*>(values.data())};
}

}  // namespace

Products::Products(std::unique_ptr<model::Backend> backend, const Activations& x, int64_t rows)
    : backend_(std::move(backend)),
      x_(x),
      rows_(rows),
      ones_(static_cast<size_t>(x.cols()), 1.0F),
      table_(backend_->prepare(floats(x.rows(), x.tokens(), x.cols()), precision::ModeId::fp32,
                               model::WeightUse::kMatrix)),
      norm_(backend_->prepare(floats(ones_, 1, x.cols()), precision::ModeId::fp32,
                              model::WeightUse::kMatrix)) {}

size_t Products::add(const precision::MatrixView& matrix) {
  weights_.push_back(backend_->prepare(matrix, matrix.mode, model::WeightUse::kMatrix));
  return weights_.size() - 1;
}

void Products::reserve() {
  checkpoint::ModelConfig config;
  config.architecture = "llama";
  config.dim = x_.cols();
  config.layers = 1;
  config.heads = config.kv_heads = 1;
  config.head_dim = config.ffn_dim = kHeadDim;
  config.vocab = rows_;
  config.context = x_.tokens();
  config.rms_eps = x_.eps();
  workspace_ = backend_->make_workspace(
      config, model::whole_shape(config),
      {.context = x_.tokens(), .tokens = x_.tokens(), .logit_rows = x_.tokens()});
  cache_ = backend_->make_cache(
      {.layers = 1, .kv_heads = 1, .head_dim = kHeadDim, .context = x_.tokens(), .sequences = 1});
}

double Products::multiply(size_t number, int64_t tokens, std::span<float> y) {
  if (cache_ == nullptr) reserve();
  std::vector<int32_t> rows(static_cast<size_t>(tokens));
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<int32_t> sequences(rows.size());
  cache_->truncate(0, 0);
  backend_->begin_step({rows, rows, sequences, rows}, *workspace_, *cache_);
  backend_->embed(*table_);
  const measure::Stopwatch watch;
  backend_->head(*norm_, nullptr, *weights_[number], y, rows_);
  const double seconds = watch.seconds();
  backend_->end_step();
  return seconds;
}

}  // namespace nety::diag
