// The forward pass against transformers' logits on a tiny random Llama (vectors of bitsandbytes and
// transformers; fp32, tolerance 2e-4 absolute as those vectors state).
#include "core/model/forward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/kernels/kernels.h"
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
    if (GetParam() > kernels::best_isa(machine::host())) GTEST_SKIP() << "this processor lacks it";
  }
  Ready ready(int threads = 2) const {
    return make_ready(test_data("checkpoints/fp32"),
                      native_backend(threads, std::string(kernels::name_of(GetParam()))));
  }
};

TEST_P(EveryIsa, GivesTheLogitsOfTransformersForAWholeSequence) {
  const Golden want = golden("fp32");
  Ready ready = this->ready();
  Session session(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
  expect_near(session.feed_all(want.tokens), want.logits);
}

TEST_P(EveryIsa, GivesTheSameTokenByToken) {
  const Golden want = golden("fp32");
  Ready ready = this->ready();
  Session session(*ready.model, *ready.backend, {.context = 64});
  const auto vocab = static_cast<size_t>(ready.model->config.vocab);
  for (size_t t = 0; t < want.tokens.size(); ++t)
    expect_near(session.feed(std::span(want.tokens).subspan(t, 1)),
                std::span(want.logits).subspan(t * vocab, vocab));
}

TEST_P(EveryIsa, GivesTheSameBitsForAnyNumberOfThreadsAndAnyStep) {
  const Golden want = golden("fp32");
  std::vector<std::vector<float>> all;
  for (const int threads : {1, 2, 3})
    for (const int64_t step : {1, 5, 12}) {
      Ready ready = this->ready(threads);
      Session session(*ready.model, *ready.backend, {.context = 64, .prefill_step = step});
      const auto logits = session.feed(want.tokens);
      all.emplace_back(logits.begin(), logits.end());
    }
  for (const auto& logits : all)
    EXPECT_EQ(std::memcmp(logits.data(), all[0].data(), logits.size() * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(Isas, EveryIsa,
                         testing::Values(kernels::Isa::kScalar, kernels::Isa::kAvx2,
                                         kernels::Isa::kAvx512),
                         [](const auto& one) { return std::string(kernels::name_of(one.param)); });

TEST(Sessions, RewindToWhereTheyWere) {
  const Golden want = golden("fp32");
  Ready ready = make_ready(test_data("checkpoints/fp32"), native_backend());
  Session session(*ready.model, *ready.backend, {.context = 64});
  const auto vocab = static_cast<size_t>(ready.model->config.vocab);
  session.feed(want.tokens);
  session.rewind(5);
  EXPECT_EQ(session.length(), 5);
  expect_near(session.feed(std::span(want.tokens).subspan(5, 3)),
              std::span(want.logits).subspan(7 * vocab, vocab));
}

// The cache is cut at every 128 positions, and the last piece of it may be shorter.
TEST(Sessions, GiveTheSameBitsWhateverTheContext) {
  const Ready ready = make_ready(test_data("checkpoints/fp32"), native_backend());
  std::vector<int32_t> tokens(150);
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<int32_t>((7 * i) % static_cast<size_t>(ready.model->config.vocab));
  for (const KvType kv : {KvType::kFp32, KvType::kBf16}) {
    std::vector<float> expected;
    for (const int64_t context : {1024, 256, 200, 150}) {
      Session session(*ready.model, *ready.backend, {.context = context, .kv = kv});
      const std::span<const float> logits = session.feed(tokens);
      if (expected.empty()) expected.assign(logits.begin(), logits.end());
      EXPECT_TRUE(std::ranges::equal(logits, expected)) << context;
    }
  }
}

TEST(Sessions, RefuseMoreThanTheContextAndTokensOutsideTheVocabulary) {
  Ready ready = make_ready(test_data("checkpoints/fp32"), native_backend());
  Session session(*ready.model, *ready.backend, {.context = 8});
  const std::vector<int32_t> nine(9, 1), foreign = {128}, negative = {-1};
  EXPECT_THROW(session.feed(nine), Error);
  EXPECT_THROW(session.feed(foreign), Error);
  EXPECT_THROW(session.feed(negative), Error);
  EXPECT_THROW(session.feed({}), Error);
  EXPECT_EQ(session.length(), 0);
}

TEST(Sessions, KeepKeysAndValuesInBf16WhenAsked) {
  const Golden want = golden("fp32");
  Ready ready = make_ready(test_data("checkpoints/fp32"), native_backend());
  Session wide(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
  Session narrow(*ready.model, *ready.backend,
                 {.context = 64, .logit_rows = 64, .kv = KvType::kBf16});
  EXPECT_EQ(narrow.cache_bytes() * 2, wide.cache_bytes());
  const auto logits = narrow.feed_all(want.tokens);
  float most = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    most = std::max(most, std::fabs(logits[i] - want.logits[i]));
  EXPECT_GT(most, 0);     // the rounding is really there
  EXPECT_LT(most, 0.5F);  // 2^-9 relative of logits up to 16, through two layers
}

}  // namespace
}  // namespace nety::model
