// Guessing changes nothing but time: the same tokens, greedily and by sampling.
#include "core/engine/speculation.h"

#include <gmock/gmock.h>

#include "core/engine/generation.h"
#include "core/model/tokenizer_source.h"
#include "tests/engine/ready.h"

namespace nety::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Speculation, GuessesWhatFollowedTheSameTokensLast) {
  Speculation speculation;
  const std::vector<int32_t> history{1, 2, 3, 4, 1, 2, 3, 5, 6, 1, 2, 3};
  EXPECT_THAT(speculation.guess(history, 8), ElementsAre(5, 6, 1, 2));
  EXPECT_THAT(speculation.guess(history, 2), ElementsAre(5, 6));
  EXPECT_THAT(speculation.guess(history, 0), IsEmpty());
  EXPECT_THAT(speculation.guess(std::vector<int32_t>{1, 2, 3, 4, 5}, 8), IsEmpty());
  EXPECT_THAT(speculation.guess(std::vector<int32_t>{1, 2}, 8), IsEmpty());
}

TEST(Speculation, GuessesMoreWhileRightAndRestsWhenWrong) {
  Speculation speculation;
  const std::vector<int32_t> history(30, 7);
  EXPECT_EQ(speculation.guess(history, 100).size(), 1U);  // only one token follows the last match
  std::vector<int32_t> turns;
  for (int i = 0; i < 40; ++i) turns.push_back(i % 20);
  ASSERT_EQ(speculation.guess(turns, 100).size(), 4U);
  speculation.learn(4);
  ASSERT_EQ(speculation.guess(turns, 100).size(), 8U);
  speculation.learn(0);
  EXPECT_THAT(speculation.guess(turns, 100), IsEmpty());
  EXPECT_EQ(speculation.guess(turns, 100).size(), 4U);
  EXPECT_EQ(speculation.guessed(), 12);
  EXPECT_EQ(speculation.right(), 4);
}

TEST(SpeculativeGeneration, GivesTheSameTokens) {
  if (model::default_model().empty())
    GTEST_SKIP() << "not run: the default model is not in the cache";
  Ready ready = make_ready(model::default_model(), native_backend());
  const auto tokenizer = model::load_tokenizer(*ready.checkpoint);
  const std::string text =
      "The cat sat on the mat. The dog sat on the rug. The cat sat on the mat. The dog sat on";
  const std::vector<int32_t> prompt = tokenizer.encode(text);
  const auto generated = [&](bool greedy, bool speculate) {
    Engine engine(*ready.model, *ready.backend, {.context = 128, .logit_rows = 9});
    Sequence sequence = engine.open_sequence();
    GenerateOptions options;
    options.tokens = 24;
    options.speculate = speculate;
    options.sampling.greedy = greedy;
    options.sampling.temperature = 0.3;
    options.sampling.repeat_penalty = 1.05;
    options.sampling.seed = 5;
    const Answer result = generate(sequence, tokenizer, prompt, options, {});
    EXPECT_EQ(sequence.length(), static_cast<int64_t>(prompt.size() + result.ids.size()) - 1);
    return result;
  };
  for (const bool greedy : {true, false}) {
    const Answer plain = generated(greedy, false), guessed = generated(greedy, true);
    EXPECT_EQ(guessed.ids, plain.ids) << (greedy ? "greedy" : "sampled");
    EXPECT_EQ(guessed.text, plain.text);
    EXPECT_EQ(plain.guessed, 0);
    EXPECT_GT(guessed.guessed_right, 0);
    EXPECT_GE(guessed.guessed, guessed.guessed_right);
    EXPECT_GT(guessed.speculated_tokens, guessed.guessed_right);
  }
}

}  // namespace
}  // namespace nety::engine
