// The native backend against the double-precision reference: in every mode and shape; and over
// several stretches of positions, with sequences mixed in a step, steps of any size, windows that
// begin in a later stretch and a context that is no whole number of blocks.
#include <gtest/gtest.h>

#include <cmath>

#include "core/backends/native/native.h"
#include "core/kernels/kernels.h"
#include "core/model/forward.h"
#include "core/options/run_options.h"
#include "core/precision/activation.h"
#include "tests/kernels/isas.h"
#include "tests/model/backend_conformance.h"

namespace nety::model {
namespace {

std::unique_ptr<Backend> make_native(const BackendOptions& options) {
  return native::make_backend(options, machine::host());
}

std::vector<precision::ModeId> every_mode() {
  std::vector<precision::ModeId> modes;
  for (const precision::Mode& mode : precision::modes()) modes.push_back(mode.id);
  return modes;
}

/// The reference rounds activations and caches as the backend does, but of sums whose order
/// differs: now and then one is rounded to the next step, and what follows differs by it, up to
/// 0.098 here.
constexpr Tolerances kRoundedAlike{.rounded = 0.12, .kv_bf16 = 0.02, .kv_q8_0 = 0.02};

constexpr int64_t kContext = 277, kSequences = 2;

struct LongCase {
  kernels::Isa isa;
  int64_t window;
  KvType type;
};

class LongContext : public testing::TestWithParam<LongCase> {
 protected:
  void SetUp() override {
    if (!kernels::runs_here(GetParam().isa)) GTEST_SKIP() << "this processor lacks it";
    backend_ = make_native(
        {.threads = 2, .isa = std::string(kernels::name_of(GetParam().isa)), .device = {}});
    model_ = prepared(random_.weights(), *backend_);
    workspace_ = backend_->make_workspace(config(), whole_shape(config()),
                                          {.context = kContext, .tokens = 200, .logit_rows = 200});
    cache_ = backend_->make_cache({.layers = config().layers,
                                   .kv_heads = config().kv_heads,
                                   .head_dim = config().head_dim,
                                   .context = kContext,
                                   .sequences = kSequences,
                                   .type = GetParam().type});
  }

  static checkpoint::ModelConfig config() {
    checkpoint::ModelConfig config = tiny_config();
    config.specs.front().window = GetParam().window;
    config.context = kContext;
    return config;
  }

  /// One step: `count` tokens of each of `sequences`, by turns.
  void step(std::initializer_list<int32_t> sequences, int64_t count) {
    std::vector<int32_t> tokens, positions, owners, wanted;
    std::vector<reference::Values> expected;
    for (int64_t i = 0; i < count; ++i)
      for (const int32_t sequence : sequences) {
        reference::Sequence& past = references_[static_cast<size_t>(sequence)];
        const auto position = static_cast<int32_t>(past.length());
        positions.push_back(position);
        tokens.push_back((position * 7 + sequence) % 51);
        owners.push_back(sequence);
        wanted.push_back(static_cast<int32_t>(wanted.size()));
        expected.push_back(past.next(tokens.back(), position + 1));
      }
    const auto vocab = static_cast<size_t>(config().vocab);
    std::vector<float> logits(wanted.size() * vocab);
    forward(model_, *backend_, *workspace_, *cache_, {tokens, positions, owners, wanted}, logits);
    for (size_t row = 0; row < expected.size(); ++row) {
      SCOPED_TRACE("position " + std::to_string(positions[row]));
      compare(std::span(logits).subspan(row * vocab, vocab), expected[row]);
    }
  }

  void compare(std::span<const float> logits, const reference::Values& expected) {
    double squares = 0, worst = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      squares += expected[i] * expected[i];
      worst = std::max(worst, std::abs(double{logits[i]} - expected[i]));
    }
    const double allowed = GetParam().type == KvType::kBf16   ? kRoundedAlike.kv_bf16
                           : GetParam().type == KvType::kQ8_0 ? kRoundedAlike.kv_q8_0
                                                              : kRoundedAlike.fp32;
    ASSERT_LE(worst, allowed * std::sqrt(squares / static_cast<double>(expected.size())));
  }

  reference::RandomModel random_{config(), precision::ModeId::fp32};
  reference::Weights weights_{random_.weights()};
  std::vector<reference::Sequence> references_{
      static_cast<size_t>(kSequences), reference::Sequence(weights_, {.cache = GetParam().type})};
  std::unique_ptr<Backend> backend_;
  Model model_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<KvCache> cache_;
};

TEST_P(LongContext, IsThatOfTheReference) {
  step({0}, 100);
  step({1}, 7);
  step({0, 1}, 60);  // into the first's second KV block
  step({0}, 1);
  step({1}, 90);   // across the second's first border
  step({0}, 110);  // across the first's second one
  for (int i = 0; i < 6; ++i) step({0, 1}, 1);
  ASSERT_EQ(static_cast<int64_t>(references_[0].length()), kContext);
}

// Over KV blocks, and over the end of a context that is no whole number of them.
TEST_P(LongContext, IsCopiedWithItsSequence) {
  step({0}, 200);
  step({0}, 60);
  step({1}, 3);
  const auto copy = [&](int32_t from, int32_t to, int32_t length) {
    backend_->copy_sequence(*cache_, from, to, length);
    references_[static_cast<size_t>(to)] = references_[static_cast<size_t>(from)];
    references_[static_cast<size_t>(to)].truncate(static_cast<size_t>(length));
  };
  copy(0, 1, 260);
  step({1}, 10);
  step({0, 1}, 2);
  copy(1, 0, 131);
  step({0}, 5);
  step({1}, 1);
}

std::vector<LongCase> cases() {
  std::vector<LongCase> all;
  for (const kernels::Isa isa : kernels::every_isa())
    for (const int64_t window : {0, 5, 130, 200})
      for (const KvType type : {KvType::kFp32, KvType::kBf16, KvType::kQ8_0})
        all.push_back({isa, window, type});
  return all;
}

std::string name_of(const testing::TestParamInfo<LongCase>& param) {
  return std::string(kernels::name_of(param.param.isa)) + "_window_" +
         std::to_string(param.param.window) + "_" + options::text_of(param.param.type);
}

INSTANTIATE_TEST_SUITE_P(Native, LongContext, testing::ValuesIn(cases()), name_of);

}  // namespace

INSTANTIATE_TEST_SUITE_P(Native, BackendConformance,
                         ::testing::ValuesIn(conformance_params(make_native, every_mode(),
                                                                kRoundedAlike, nullptr,
                                                                reference::Products::kOfMode)),
                         param_name);

}  // namespace nety::model
