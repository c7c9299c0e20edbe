// A model shared by two native backends: each has half of every weight's output rows. Whatever they
// compute between two gatherings has the bits of the whole model, in every mode.
#include "core/model/local_shape.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>

#include "core/backends/native/native.h"
#include "core/model/model.h"
#include "core/precision/slice.h"
#include "tests/model/random_model.h"

namespace nety::model {
namespace {

checkpoint::ModelConfig shared_config() {
  checkpoint::ModelConfig config;
  config.architecture = "llama";
  config.layers = 2;
  config.dim = 256, config.heads = 8, config.kv_heads = 2, config.head_dim = 32;
  config.ffn_dim = 512, config.vocab = 51, config.context = 64;
  config.qkv_bias = config.o_bias = config.mlp_bias = true;
  return config;
}

/// The first or the second share. Rows need not be halved evenly: only whole heads are.
LocalShape share(const checkpoint::ModelConfig& config, int rank) {
  const auto part = [&](int64_t whole, int64_t cut) {
    return rank == 0 ? Part{0, cut, whole} : Part{cut, whole - cut, whole};
  };
  const Part vocab = part(config.vocab, 20);
  return {.stream = part(config.dim, 96),
          .heads = part(config.heads, config.heads / 2),
          .kv_heads = config.kv_heads / 2,
          .head_dim = config.head_dim,
          .ffn = part(config.ffn_dim, 320),
          .vocab = vocab.count};
}

/// One process of several: a backend with its share of the weights, and of the cache.
class Rank {
 public:
  Rank(const reference::Weights& weights, const LocalShape& shape, int64_t first_token, int threads)
      : shape_(shape),
        backend_(
            native::make_backend({.threads = threads, .isa = {}, .device = {}}, machine::host())) {
    model_.config = weights.config;
    model_.embedding = backend_->prepare(weights.embedding.stored.view,
                                         weights.embedding.stored.view.mode, WeightUse::kTable);
    model_.norm = rows(weights.norm, 0, 1);
    model_.output = rows(*weights.output, first_token, shape.vocab);
    for (const reference::Layer& layer : weights.layers) add(layer);
    workspace_ = backend_->make_workspace(weights.config, shape,
                                          {.context = 32, .tokens = 16, .logit_rows = 16});
    cache_ = backend_->make_cache({.layers = weights.config.layers,
                                   .kv_heads = shape.kv_heads,
                                   .head_dim = shape.head_dim,
                                   .context = 32,
                                   .sequences = 2});
  }

  const Model& model() const { return model_; }
  Backend& backend() { return *backend_; }
  void begin(const Batch& batch) { backend_->begin_step(batch, *workspace_, *cache_); }

 private:
  WeightPtr rows(const reference::Tensor& tensor, int64_t first, int64_t count) {
    const precision::MatrixView& view = tensor.stored.view;
    return backend_->prepare(precision::rows_of(view, first, count), view.mode, WeightUse::kMatrix);
  }
  WeightPtr entries(const reference::Tensor* bias, int64_t first, int64_t count) {
    if (bias == nullptr) return nullptr;
    biases_.push_back(precision::columns_of(bias->stored.view, first, count));
    return backend_->prepare(biases_.back().view, precision::ModeId::fp32, WeightUse::kMatrix);
  }
  void add(const reference::Layer& from) {
    const int64_t d = shape_.head_dim;
    const int64_t q = shape_.heads.begin * d, q_rows = shape_.heads.count * d;
    const int64_t group = shape_.heads.count / shape_.kv_heads;
    const int64_t kv = shape_.heads.begin / group * d, kv_rows = shape_.kv_heads * d;
    const Part &stream = shape_.stream, &ffn = shape_.ffn;
    LayerWeights& to = model_.layers.emplace_back();
    to[Slot::attention_norm] = rows(from[Slot::attention_norm], 0, 1);
    to[Slot::mlp_norm] = rows(from[Slot::mlp_norm], 0, 1);
    to[Slot::wq] = rows(from[Slot::wq], q, q_rows),
    to[Slot::bq] = entries(from.find(Slot::bq), q, q_rows);
    to[Slot::wk] = rows(from[Slot::wk], kv, kv_rows),
    to[Slot::bk] = entries(from.find(Slot::bk), kv, kv_rows);
    to[Slot::wv] = rows(from[Slot::wv], kv, kv_rows),
    to[Slot::bv] = entries(from.find(Slot::bv), kv, kv_rows);
    to[Slot::wo] = rows(from[Slot::wo], stream.begin, stream.count);
    to[Slot::bo] = entries(from.find(Slot::bo), stream.begin, stream.count);
    to[Slot::w_gate] = rows(from[Slot::w_gate], ffn.begin, ffn.count);
    to[Slot::b_gate] = entries(from.find(Slot::b_gate), ffn.begin, ffn.count);
    to[Slot::w_up] = rows(from[Slot::w_up], ffn.begin, ffn.count);
    to[Slot::b_up] = entries(from.find(Slot::b_up), ffn.begin, ffn.count);
    to[Slot::w_down] = rows(from[Slot::w_down], stream.begin, stream.count);
    to[Slot::b_down] = entries(from.find(Slot::b_down), stream.begin, stream.count);
  }

  LocalShape shape_;
  std::deque<precision::Matrix> biases_;  // prepared weights point into them
  std::unique_ptr<Backend> backend_;
  Model model_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<KvCache> cache_;
};

/// Copies the columns that `from` computed to the other's rows.
void copy_computed(const ActivationRows& from, const ActivationRows& to) {
  for (int64_t row = 0; row < from.rows; ++row)
    std::copy_n(from.data + row * from.stride + from.computed.begin, from.computed.count,
                to.data + row * to.stride + from.computed.begin);
}

class Shares : public ::testing::TestWithParam<precision::ModeId> {
 protected:
  void step(const Batch& batch) {
    for (Rank* rank : all()) rank->begin(batch);
    for (Rank* rank : all()) rank->backend().embed(*rank->model().embedding);
    expect_same(Activation::kStream);
    for (int64_t l = 0; l < config_.layers; ++l) {
      const auto index = static_cast<size_t>(l);
      const LayerSpec& spec = config_.spec(l);
      const auto layer = [&](Rank* rank) -> const LayerWeights& {
        return rank->model().layers[index];
      };
      for (Rank* rank : all())
        rank->backend().qkv(layer(rank), spec, l), rank->backend().attention(layer(rank), spec, l);
      gather(Activation::kAttention);
      for (Rank* rank : all()) rank->backend().attention_output(layer(rank), spec);
      gather(Activation::kStream);
      for (Rank* rank : all()) rank->backend().gate_up(layer(rank), spec);
      gather(Activation::kHidden);
      for (Rank* rank : all()) rank->backend().down(layer(rank), spec);
      gather(Activation::kStream);
    }
    const auto width = static_cast<size_t>(config_.vocab);
    std::vector<float> whole(batch.logit_rows.size() * width), shared(whole.size());
    const auto head = [&](Rank& rank, std::span<float> logits) {
      rank.backend().head(*rank.model().norm, nullptr, rank.model().head(), logits, config_.vocab);
      rank.backend().end_step();
    };
    head(whole_, whole);
    head(first_, shared);
    head(second_, std::span(shared).subspan(static_cast<size_t>(share(config_, 0).vocab)));
    EXPECT_EQ(std::memcmp(whole.data(), shared.data(), whole.size() * sizeof(float)), 0);
  }

 private:
  std::array<Rank*, 3> all() { return {&whole_, &first_, &second_}; }

  void gather(Activation which) {
    const ActivationRows a = first_.backend().activation(which),
                         b = second_.backend().activation(which);
    EXPECT_EQ(a.computed.count + b.computed.count, a.width);
    copy_computed(a, b);
    copy_computed(b, a);
    expect_same(which);
  }

  void expect_same(Activation which) {
    const ActivationRows want = whole_.backend().activation(which);
    for (Rank* rank : {&first_, &second_}) {
      const ActivationRows found = rank->backend().activation(which);
      ASSERT_EQ(found.rows, want.rows);
      ASSERT_EQ(found.width, want.width);
      for (int64_t row = 0; row < want.rows; ++row)
        ASSERT_EQ(std::memcmp(found.data + row * found.stride, want.data + row * want.stride,
                              static_cast<size_t>(want.width) * sizeof(float)),
                  0)
            << "activation " << static_cast<int>(which) << ", row " << row;
    }
  }

  checkpoint::ModelConfig config_ = shared_config();
  reference::RandomModel random_{config_, GetParam()};
  Rank whole_{random_.weights(), whole_shape(config_), 0, 2};
  Rank first_{random_.weights(), share(config_, 0), 0, 1};
  Rank second_{random_.weights(), share(config_, 1), share(config_, 0).vocab, 2};
};

TEST_P(Shares, GiveTheBitsOfTheWholeModel) {
  const std::vector<int32_t> prompt{3, 1, 4, 1, 5, 9, 2}, positions{0, 1, 2, 3, 4, 5, 6},
      zeros(7, 0), last{6};
  step({prompt, positions, zeros, last});
  // A token of it, beside the beginning of another sequence.
  const std::vector<int32_t> tokens{6, 5, 3, 5}, at{7, 0, 1, 2}, sequences{0, 1, 1, 1}, rows{0, 3};
  step({tokens, at, sequences, rows});
  const std::vector<int32_t> one{8}, ninth{8}, zero{0};
  step({one, ninth, zero, zero});
}

std::vector<precision::ModeId> modes_by_rows() {
  std::vector<precision::ModeId> modes;
  for (const precision::Mode& mode : precision::modes())
    if (!mode.name.ends_with("-dq")) modes.push_back(mode.id);  // scales of scales cross rows
  return modes;
}

INSTANTIATE_TEST_SUITE_P(EveryMode, Shares, ::testing::ValuesIn(modes_by_rows()),
                         [](const auto& one) {
                           return std::string(precision::mode(one.param).name);
                         });

}  // namespace
}  // namespace nety::model
