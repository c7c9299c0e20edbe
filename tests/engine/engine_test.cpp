// An engine's sequences: what they hold, what is refused, and that neither another sequence nor
// another engine on the same backend changes a bit.
#include "core/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "tests/engine/ready.h"
#include "tests/error_of.h"

namespace nety::engine {
namespace {

using ::testing::HasSubstr;

struct Golden {
  std::vector<int32_t> tokens;
  std::vector<float> logits;
};

/// What transformers gives for the tiny checkpoint.
Golden golden() {
  const auto path = test_data("checkpoints/fp32/expected.safetensors");
  const auto wide = model::read_tensor<int64_t>(path, "input_ids");
  return {{wide.begin(), wide.end()}, model::read_tensor<float>(path, "logits")};
}

void expect_near(std::span<const float> found, std::span<const float> want) {
  ASSERT_EQ(found.size(), want.size());
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], want[i], 2e-4F) << "logit " << i;
}

TEST(Sequences, AreTruncatedToWhereTheyWere) {
  const Golden want = golden();
  const Ready ready = tiny();
  Engine engine(*ready.model, *ready.backend, {.context = 64});
  Sequence sequence = engine.open_sequence();
  const auto vocab = static_cast<size_t>(ready.model->config.vocab);
  sequence.feed(want.tokens);
  sequence.truncate(5);
  EXPECT_EQ(sequence.length(), 5);
  expect_near(sequence.feed(std::span(want.tokens).subspan(5, 3)),
              std::span(want.logits).subspan(7 * vocab, vocab));
}

// The cache is cut at every 128 positions, and the last piece of it may be shorter.
TEST(Sequences, GiveTheSameBitsWhateverTheContext) {
  const Ready ready = tiny();
  std::vector<int32_t> tokens(150);
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<int32_t>((7 * i) % static_cast<size_t>(ready.model->config.vocab));
  for (const model::KvType kv :
       {model::KvType::kFp32, model::KvType::kBf16, model::KvType::kQ8_0}) {
    std::vector<float> expected;
    for (const int64_t context : {1024, 256, 200, 150}) {
      Engine engine(*ready.model, *ready.backend, {.context = context, .kv = kv});
      Sequence sequence = engine.open_sequence();
      const std::span<const float> logits = sequence.feed(tokens);
      if (expected.empty()) expected.assign(logits.begin(), logits.end());
      EXPECT_TRUE(std::ranges::equal(logits, expected)) << context;
    }
  }
}

TEST(Sequences, RefuseMoreThanTheContextAndTokensOutsideTheVocabulary) {
  const Ready ready = tiny();
  Engine engine(*ready.model, *ready.backend, {.context = 8});
  Sequence sequence = engine.open_sequence();
  const std::vector<int32_t> nine(9, 1), foreign = {128}, negative = {-1};
  EXPECT_THROW(sequence.feed(nine), Error);
  EXPECT_THROW(sequence.feed(foreign), Error);
  EXPECT_THROW(sequence.feed(negative), Error);
  EXPECT_THROW(sequence.feed({}), Error);
  EXPECT_EQ(sequence.length(), 0);
}

TEST(Sequences, KeepKeysAndValuesInBf16WhenAsked) {
  const Golden want = golden();
  const Ready ready = tiny();
  Engine wide_engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
  Sequence wide = wide_engine.open_sequence();
  Engine narrow_engine(*ready.model, *ready.backend,
                       {.context = 64, .logit_rows = 64, .kv = model::KvType::kBf16});
  Sequence narrow = narrow_engine.open_sequence();
  EXPECT_EQ(narrow_engine.cache_bytes() * 2, wide_engine.cache_bytes());
  const auto logits = narrow.feed_all(want.tokens);
  float most = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    most = std::max(most, std::fabs(logits[i] - want.logits[i]));
  EXPECT_GT(most, 0);     // the rounding is really there
  EXPECT_LT(most, 0.5F);  // 2^-9 relative of logits up to 16, through two layers
}

TEST(Sequences, KeepKeysAndValuesInQ8WhenAsked) {
  const Golden want = golden();
  const Ready ready = tiny();
  Engine wide_engine(*ready.model, *ready.backend, {.context = 64});
  Engine narrow_engine(*ready.model, *ready.backend,
                       {.context = 64, .logit_rows = 64, .kv = model::KvType::kQ8_0});
  Sequence narrow = narrow_engine.open_sequence();
  const auto dim = static_cast<uint64_t>(ready.model->config.head_dim);
  EXPECT_EQ(narrow_engine.cache_bytes() * 4 * dim,
            wide_engine.cache_bytes() * (dim + (dim + 31) / 32 * 2));
  const auto logits = narrow.feed_all(want.tokens);
  float most = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    most = std::max(most, std::fabs(logits[i] - want.logits[i]));
  EXPECT_GT(most, 0);     // the rounding is really there
  EXPECT_LT(most, 0.5F);  // as in bf16
}

TEST(Sequences, KeepWhatTheyShareWithTheNextText) {
  const Ready ready = tiny();
  Engine engine(*ready.model, *ready.backend, {.context = 64});
  Sequence sequence = engine.open_sequence();
  const std::vector<int32_t> first{1, 2, 3, 4, 5}, second{1, 2, 3, 9}, shorter{1, 2};
  EXPECT_EQ(sequence.keep_prefix(first), 0);
  sequence.feed(first);
  EXPECT_EQ(sequence.keep_prefix(second), 3);
  EXPECT_EQ(sequence.length(), 3);
  sequence.feed(std::span(second).subspan(3));
  EXPECT_EQ(sequence.keep_prefix(shorter), 1) << "one token is left, for its logits";
  const std::vector<float> found = copy_of(sequence.feed(std::span(shorter).subspan(1)));
  sequence.truncate(0);
  EXPECT_EQ(found, copy_of(sequence.feed(shorter)));
}

TEST(Sequences, AreRefusedWhereAllSlotsAreTaken) {
  const Ready ready = tiny();
  Engine engine(*ready.model, *ready.backend, {.context = 16, .sequences = 2});
  std::optional<Sequence> first = engine.open_sequence();
  Sequence second = engine.open_sequence();
  const Error error = error_of([&] { engine.open_sequence(); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("room for 2 sequences"));
  EXPECT_FALSE(error.hint().empty());

  const std::vector<float> want = copy_of(first->feed(some_tokens(5, 1)));
  first.reset();  // its slot is free again, and empty
  Sequence third = engine.open_sequence();
  EXPECT_EQ(third.length(), 0);
  EXPECT_EQ(copy_of(third.feed(some_tokens(5, 1))), want);
  EXPECT_THROW(engine.open_sequence(), Error);
  second = std::move(third);  // gives the second's slot back
  EXPECT_EQ(second.length(), 5);
  EXPECT_NO_THROW(engine.open_sequence());
}

TEST(Engines, MakeStepsOfSeveralSequences) {
  const Ready ready = tiny();
  const std::vector<int32_t> a = some_tokens(9, 1), b = some_tokens(7, 2), c = some_tokens(4, 3);
  const auto alone = [&](std::span<const int32_t> tokens) {
    Engine engine(*ready.model, *ready.backend, {.context = 32, .logit_rows = 16});
    Sequence sequence = engine.open_sequence();
    return copy_of(sequence.feed_all(tokens));
  };
  Engine engine(*ready.model, *ready.backend,
                {.context = 32, .step_tokens = 16, .logit_rows = 8, .sequences = 3});
  Sequence first = engine.open_sequence(), second = engine.open_sequence(),
           third = engine.open_sequence();
  const auto vocab = static_cast<size_t>(ready.model->config.vocab);
  const auto row = [&](const std::vector<float>& all, size_t index) {
    return std::vector<float>(all.begin() + static_cast<ptrdiff_t>(index * vocab),
                              all.begin() + static_cast<ptrdiff_t>((index + 1) * vocab));
  };
  const std::vector<float> all_a = alone(a), all_b = alone(b), all_c = alone(c);

  // A chunk of one's prompt, the whole of another's.
  Piece prompts[] = {{&first, std::span(a).first(6), Wanted::kNone}, {&second, b}};
  engine.step(prompts);
  EXPECT_TRUE(prompts[0].logits.empty());
  EXPECT_EQ(copy_of(prompts[1].logits), row(all_b, 6));
  second.truncate(5);
  // The rest of the first's beside single tokens of the second, and all rows of the third.
  Piece mixed[] = {{&third, c, Wanted::kAll},
                   {&second, std::span(b).subspan(5, 1)},
                   {&first, std::span(a).subspan(6)}};
  engine.step(mixed);
  EXPECT_EQ(copy_of(mixed[0].logits), all_c);
  EXPECT_EQ(copy_of(mixed[1].logits), row(all_b, 5));
  EXPECT_EQ(copy_of(mixed[2].logits), row(all_a, 8));
  EXPECT_EQ(first.length(), 9);
  EXPECT_EQ(second.length(), 6);
}

TEST(Engines, RefuseStepsThatAreTooLargeOrContradictThemselves) {
  const Ready ready = tiny();
  Engine engine(*ready.model, *ready.backend,
                {.context = 16, .step_tokens = 6, .logit_rows = 2, .sequences = 2});
  Engine elsewhere(*ready.model, *ready.backend, {.context = 16});
  Sequence first = engine.open_sequence(), second = engine.open_sequence(),
           foreign = elsewhere.open_sequence();
  const std::vector<int32_t> four = some_tokens(4, 1), three = some_tokens(3, 2);
  const auto refused = [&](std::vector<Piece> pieces) {
    return std::string(error_of([&] { engine.step(pieces); }).what());
  };
  EXPECT_THAT(refused({{&first, four}, {&second, three}}), HasSubstr("a step of 7 tokens"));
  EXPECT_THAT(refused({{&first, three, Wanted::kAll}}), HasSubstr("3 rows of logits"));
  EXPECT_THAT(refused({{&first, three}, {&first, three}}), HasSubstr("two pieces"));
  EXPECT_THAT(refused({{&foreign, three}}), HasSubstr("another engine"));
  EXPECT_THAT(refused({{&first, {}}}), HasSubstr("nothing to read"));
  EXPECT_EQ(first.length(), 0);
  std::vector<Piece> pieces{{&first, three}, {&second, three}};
  EXPECT_NO_THROW(engine.step(pieces));
}

// The workspace is the engine's own: a second engine neither resizes nor reuses the first's.
TEST(Engines, OfDifferentSizesShareABackend) {
  for (const bool plugin : {false, true}) {
    const Ready ready = tiny(plugin ? native_as_plugin() : native_backend());
    const std::vector<int32_t> a = some_tokens(40, 1), b = some_tokens(12, 2);
    const auto alone = [&](std::span<const int32_t> tokens) {
      Engine engine(*ready.model, *ready.backend, {.context = 64});
      Sequence sequence = engine.open_sequence();
      return copy_of(sequence.feed(tokens));
    };
    const std::vector<float> want_a = alone(a), want_b = alone(b);
    Engine large(*ready.model, *ready.backend, {.context = 64, .logit_rows = 9});
    Sequence first = large.open_sequence();
    first.feed(std::span(a).first(30));
    std::optional<Engine> small;
    small.emplace(*ready.model, *ready.backend, EngineOptions{.context = 12, .step_tokens = 2});
    {
      Sequence second = small->open_sequence();
      for (size_t t = 0; t < 10; ++t) {
        first.feed(std::span(a).subspan(30 + t, 1));
        second.feed(std::span(b).subspan(t, 1));
      }
      first.truncate(39);
      EXPECT_EQ(copy_of(second.feed(std::span(b).subspan(10))), want_b);
    }
    small.reset();
    EXPECT_EQ(copy_of(first.feed(std::span(a).subspan(39))), want_a);
  }
}

}  // namespace
}  // namespace nety::engine
