// The forward pass against transformers' logits on a tiny random Llama (vectors of bitsandbytes and
// transformers; fp32, tolerance 2e-4 absolute as those vectors state).
#include "core/model/forward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/kernels/kernels.h"
#include "tests/kernels/isas.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

constexpr float kTolerance = 2e-4F;

struct Golden {
  std::vector<int32_t> tokens;
  std::vector<float> logits;
};

Golden golden(const std::string& name) {
  const auto path = test_data("checkpoints/" + name + "/expected.safetensors");
  const auto wide = read_tensor<int64_t>(path, "input_ids");
  return {{wide.begin(), wide.end()}, read_tensor<float>(path, "logits")};
}

void expect_near(std::span<const float> got, std::span<const float> want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], kTolerance) << "logit " << i;
}

class EveryIsa : public testing::TestWithParam<kernels::Isa> {
 protected:
  void SetUp() override {
    if (!kernels::runs_here(GetParam())) GTEST_SKIP() << "this processor lacks it";
  }
  Ready ready(int threads = 2) const {
    return make_ready(test_data("checkpoints/fp32"),
                      native_backend(threads, std::string(kernels::name_of(GetParam()))));
  }
};

TEST_P(EveryIsa, GivesTheLogitsOfTransformersForAWholeSequence) {
  const Golden want = golden("fp32");
  Ready ready = this->ready();
  engine::Engine engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
  engine::Sequence sequence = engine.open_sequence();
  expect_near(sequence.feed_all(want.tokens), want.logits);
}

TEST_P(EveryIsa, GivesTheSameTokenByToken) {
  const Golden want = golden("fp32");
  Ready ready = this->ready();
  engine::Engine engine(*ready.model, *ready.backend, {.context = 64});
  engine::Sequence sequence = engine.open_sequence();
  const auto vocab = static_cast<size_t>(ready.model->config.vocab);
  for (size_t t = 0; t < want.tokens.size(); ++t)
    expect_near(sequence.feed(std::span(want.tokens).subspan(t, 1)),
                std::span(want.logits).subspan(t * vocab, vocab));
}

TEST_P(EveryIsa, GivesTheSameBitsForAnyNumberOfThreadsAndAnyStep) {
  const Golden want = golden("fp32");
  std::vector<std::vector<float>> all;
  for (const int threads : {1, 2, 3})
    for (const int64_t step : {1, 5, 12}) {
      Ready ready = this->ready(threads);
      engine::Engine engine(*ready.model, *ready.backend, {.context = 64, .step_tokens = step});
      engine::Sequence sequence = engine.open_sequence();
      const auto logits = sequence.feed(want.tokens);
      all.emplace_back(logits.begin(), logits.end());
    }
  for (const auto& logits : all)
    EXPECT_EQ(std::memcmp(logits.data(), all[0].data(), logits.size() * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(Isas, EveryIsa, testing::ValuesIn(kernels::every_isa()),
                         [](const auto& one) { return std::string(kernels::name_of(one.param)); });

}  // namespace
}  // namespace nety::model
