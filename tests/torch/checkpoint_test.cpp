// The torch plugin on real checkpoints: the logits of transformers, and those of the native
// backend.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/engine/sampler.h"
#include "core/model/plugin.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

/// As the vectors of the tiny checkpoints state.
constexpr double kTolerance = 2e-4;
/// Where two candidates are nearer than this, rounding may choose (the vectors record the margins).
constexpr double kNearTie = 0.02;

std::unique_ptr<Backend> torch_backend() {
  return load_plugin_backend("torch", {.threads = 2, .isa = {}, .device = "cpu"});
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - b[i]));
  return worst;
}

class TinyCheckpoint : public ::testing::Test {
 protected:
  TinyCheckpoint() {
    const auto folder = test_data("checkpoints/fp32");
    const auto ids = read_tensor<int64_t>(folder / "expected.safetensors", "input_ids");
    tokens_.assign(ids.begin(), ids.end());
    logits_ = read_tensor<float>(folder / "expected.safetensors", "logits");
    ready_ = make_ready(folder, torch_backend());
  }
  std::vector<int32_t> tokens_;
  std::vector<float> logits_;
  Ready ready_;
};

TEST_F(TinyCheckpoint, GivesTheLogitsOfTransformersAtOnceAndTokenByToken) {
  engine::Engine whole_engine(*ready_.model, *ready_.backend, {.context = 64, .logit_rows = 64});
  engine::Sequence whole = whole_engine.open_sequence();
  const auto all = whole.feed_all(tokens_);
  ASSERT_EQ(all.size(), logits_.size());
  EXPECT_LE(largest_difference(all, logits_), kTolerance);

  engine::Engine single_engine(*ready_.model, *ready_.backend, {.context = 64});
  engine::Sequence single = single_engine.open_sequence();
  const size_t vocab = static_cast<size_t>(ready_.model->config.vocab);
  for (size_t t = 0; t < tokens_.size(); ++t) {
    const std::span<const float> want = std::span(logits_).subspan(t * vocab, vocab);
    const auto found = single.feed(std::span(tokens_).subspan(t, 1));
    EXPECT_LE(largest_difference(found, want), kTolerance) << "token " << t;
    EXPECT_EQ(engine::argmax(found), engine::argmax(want));
  }
}

TEST_F(TinyCheckpoint, AgreesWithTheNativeBackend) {
  Ready native = make_ready(test_data("checkpoints/fp32"), native_backend());
  engine::Engine ours_engine(*native.model, *native.backend, {.context = 64, .logit_rows = 64});
  engine::Sequence ours = ours_engine.open_sequence();
  engine::Engine theirs_engine(*ready_.model, *ready_.backend, {.context = 64, .logit_rows = 64});
  engine::Sequence theirs = theirs_engine.open_sequence();
  EXPECT_LE(largest_difference(ours.feed_all(tokens_), theirs.feed_all(tokens_)), kTolerance / 4);
}

TEST_F(TinyCheckpoint, IsUsedInPlace) { EXPECT_EQ(ready_.model->owned_bytes(), 0); }

TEST(DefaultModel, ContinuesGreedilyAsTransformersDoesAndAgreesWithNative) {
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  const auto golden = nlohmann::json::parse(read_file(test_data("smollm2/golden.json")));
  const LoadOptions fp32{.mode = precision::ModeId::fp32, .head = {}};
  Ready torch = make_ready(default_model(), torch_backend(), fp32);
  Ready native = make_ready(default_model(), native_backend(), fp32);
  const size_t vocab = static_cast<size_t>(torch.model->config.vocab);
  engine::Engine theirs_engine(*torch.model, *torch.backend, {.context = 512, .logit_rows = 256});
  engine::Sequence theirs = theirs_engine.open_sequence();
  engine::Engine ours_engine(*native.model, *native.backend, {.context = 512});
  engine::Sequence ours = ours_engine.open_sequence();
  int compared = 0;
  for (const auto& one : golden["generation"]) {
    auto tokens = one["input_ids"].get<std::vector<int32_t>>();
    const size_t prompt = tokens.size();
    const auto want = one["output_ids"].get<std::vector<int32_t>>();
    const auto margins = one["margin_to_second"].get<std::vector<double>>();
    tokens.insert(tokens.end(), want.begin(), want.end());
    ASSERT_LE(tokens.size(), 256);
    theirs.truncate(0);
    ours.truncate(0);
    const auto logits = theirs.feed_all(tokens);  // what follows each token, were it given
    for (size_t i = 0; i < want.size() && margins[i] >= kNearTie; ++i, ++compared)
      EXPECT_EQ(engine::argmax(logits.subspan((prompt + i - 1) * vocab, vocab)), want[i])
          << one["prompt"] << " step " << i;
    EXPECT_LE(largest_difference(ours.feed(tokens), logits.last(vocab)), 2e-3);
  }
  EXPECT_GT(compared, 20);
}

}  // namespace
}  // namespace nety::model
