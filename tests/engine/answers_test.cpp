// Several answers to one prompt: each is what it is alone, and the prompt is read once.
#include "core/engine/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/engine/ready.h"
#include "tests/error_of.h"

namespace nety::engine {
namespace {

/// How the answers are made.
struct AnswersWay {
  const char* name;
  bool plugin, speculate;
  int64_t rows;  // of logits in a step, for all of them
};

class SeveralAnswers : public ::testing::TestWithParam<AnswersWay> {
 protected:
  static constexpr size_t kAnswers = 4;

  static GenerateOptions options() {
    GenerateOptions options;
    options.tokens = 30;
    options.speculate = GetParam().speculate;
    options.sampling.temperature = 0.6;
    options.sampling.repeat_penalty = 1.05;
    options.sampling.seed = 40;
    options.logprobs = 2;
    return options;
  }
  EngineOptions size(int64_t sequences) const {
    return {
        .context = 80, .step_tokens = 16, .logit_rows = GetParam().rows, .sequences = sequences};
  }
  Answer alone(uint64_t seed) {
    Engine engine(*ready_.model, *ready_.backend, size(1));
    Sequence sequence = engine.open_sequence();
    GenerateOptions one = options();
    one.sampling.seed = seed;
    return generate(sequence, tokenizer_, prompt_, one, {});
  }

  Ready ready_ = tiny(GetParam().plugin ? native_as_plugin() : native_backend());
  tokenizer::Tokenizer tokenizer_ = some_tokenizer();
  std::vector<int32_t> prompt_ = some_tokens(37, 5);
};

TEST_P(SeveralAnswers, AreThoseThatEachSeedGivesAlone) {
  Engine engine(*ready_.model, *ready_.backend, size(kAnswers));
  Sequence sequence = engine.open_sequence();
  std::vector<std::string> heard(kAnswers);
  const std::vector<Answer> answers =
      generate(sequence, tokenizer_, prompt_, with_seeds(options(), kAnswers),
               [&](size_t index, std::string_view text) {
                 heard[index] += text;
                 return true;
               });
  ASSERT_EQ(answers.size(), kAnswers);
  bool differ = false;
  for (size_t i = 0; i < kAnswers; ++i) {
    const Answer want = alone(40 + i);
    EXPECT_EQ(answers[i].ids, want.ids) << i;
    EXPECT_EQ(answers[i].text, want.text) << i;
    EXPECT_EQ(heard[i], want.text) << i;
    EXPECT_EQ(heard[i], tokenizer_.decode(want.ids)) << i;
    EXPECT_EQ(answers[i].finish, want.finish) << i;
    EXPECT_EQ(answers[i].prompt_tokens, want.prompt_tokens) << i;
    ASSERT_EQ(answers[i].logprobs.size(), want.ids.size());
    for (size_t t = 0; t < want.ids.size(); ++t) {
      EXPECT_EQ(answers[i].logprobs[t].chosen, want.logprobs[t].chosen);
      ASSERT_EQ(answers[i].logprobs[t].likeliest.size(), 2U);
    }
    differ = differ || answers[i].ids != answers[0].ids;
  }
  EXPECT_TRUE(differ);
  EXPECT_EQ(sequence.length(), static_cast<int64_t>(prompt_.size() + answers[0].ids.size()) - 1);
}

TEST_P(SeveralAnswers, StopTogetherWhenTheirListenerSaysSo) {
  Engine engine(*ready_.model, *ready_.backend, size(kAnswers));
  Sequence sequence = engine.open_sequence();
  int calls = 0;
  const std::vector<Answer> answers =
      generate(sequence, tokenizer_, prompt_, with_seeds(options(), kAnswers),
               [&](size_t, std::string_view) { return ++calls < 6; });
  EXPECT_EQ(calls, 6);
  size_t interrupted = 0;
  for (const Answer& answer : answers) {
    EXPECT_LT(answer.ids.size(), 30U);
    if (answer.finish == FinishReason::kInterrupted) ++interrupted;
  }
  EXPECT_GT(interrupted, 0U);
}

TEST_P(SeveralAnswers, NeedRoomForAllOfThem) {
  Engine engine(*ready_.model, *ready_.backend, size(2));
  Sequence sequence = engine.open_sequence();
  const Error error =
      error_of([&] { generate(sequence, tokenizer_, prompt_, with_seeds(options(), 3), {}); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
}

INSTANTIATE_TEST_SUITE_P(Ways, SeveralAnswers,
                         ::testing::Values(AnswersWay{"one_row_each", false, false, 4},
                                           AnswersWay{"fewer_rows_than_answers", false, false, 3},
                                           AnswersWay{"guessing", false, true, 16},
                                           AnswersWay{"plugin", true, false, 4}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Forks, HoldWhatTheirSequenceHoldsAndGoOnApart) {
  const Ready ready = tiny();
  for (const model::KvType kv :
       {model::KvType::kFp32, model::KvType::kBf16, model::KvType::kQ8_0}) {
    Engine engine(*ready.model, *ready.backend, {.context = 160, .sequences = 3, .kv = kv});
    const std::vector<int32_t> text = some_tokens(140, 3), a = some_tokens(4, 8),
                               b = some_tokens(4, 9);
    const auto alone = [&](int64_t length, std::span<const int32_t> more) {
      Engine own(*ready.model, *ready.backend, {.context = 160, .kv = kv});
      Sequence sequence = own.open_sequence();
      sequence.feed(std::span(text).first(static_cast<size_t>(length)));
      return copy_of(sequence.feed(more));
    };
    Sequence first = engine.open_sequence();
    first.feed(text);
    Sequence second = first.fork();
    EXPECT_EQ(second.length(), 140);
    EXPECT_TRUE(std::ranges::equal(second.tokens(), text));
    Sequence third = engine.open_sequence();
    third.feed(some_tokens(30, 1));
    third.copy_prefix(first, 131);
    EXPECT_EQ(third.length(), 131);
    EXPECT_EQ(copy_of(second.feed(a)), alone(140, a));
    EXPECT_EQ(copy_of(third.feed(b)), alone(131, b));
    EXPECT_EQ(copy_of(first.feed(b)), alone(140, b));
    third.copy_prefix(third, 10);
    EXPECT_EQ(copy_of(third.feed(a)), alone(10, a));
    EXPECT_THROW(first.fork(), Error);  // all slots are taken
    Engine other(*ready.model, *ready.backend, {.context = 160, .kv = kv});
    Sequence foreign = other.open_sequence();
    EXPECT_THROW(foreign.copy_prefix(first, 1), Error);
    EXPECT_EQ(foreign.length(), 0);
  }
}

/// Lets tokens come in a given order, then the end.
class OneText final : public Constraint {
 public:
  OneText(std::vector<int32_t> tokens, int32_t end) : tokens_(std::move(tokens)) {
    tokens_.push_back(end);
  }
  void mask(std::span<uint64_t> allowed) override {
    std::ranges::fill(allowed, 0);
    const auto token = static_cast<size_t>(tokens_[at_]);
    allowed[token / 64] |= uint64_t{1} << (token % 64);
  }
  void accept(int32_t token) override { EXPECT_EQ(token, tokens_[at_++]); }

 private:
  std::vector<int32_t> tokens_;
  size_t at_ = 0;
};

TEST(Constraints, DecideWhatComes) {
  const Ready ready = tiny();
  const tokenizer::Tokenizer tokenizer = some_tokenizer();
  std::vector<int32_t> wanted = some_tokens(12, 7);
  std::erase(wanted, 3);
  for (const bool greedy : {false, true})
    for (const bool speculate : {false, true}) {
      Engine engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 9});
      Sequence sequence = engine.open_sequence();
      OneText constraint(wanted, 3);
      GenerateOptions options;
      options.constraint = &constraint;
      options.end_ids = {3};
      options.sampling.greedy = greedy;
      options.speculate = speculate;
      const Answer answer = generate(sequence, tokenizer, some_tokens(9, 2), options, {});
      std::vector<int32_t> ids = wanted;
      ids.push_back(3);
      EXPECT_EQ(answer.ids, ids);
      EXPECT_EQ(answer.finish, FinishReason::kEnd);
    }
}

TEST(Biases, OfTokensThatTheModelLacksAreRefused) {
  const Ready ready = tiny();
  const tokenizer::Tokenizer tokenizer = some_tokenizer();
  Engine engine(*ready.model, *ready.backend, {.context = 16});
  Sequence sequence = engine.open_sequence();
  const std::vector<int32_t> prompt{1};
  for (const int32_t token : {-1, 128}) {
    GenerateOptions options;
    options.sampling.bias = {{token, 1}};
    const Error error = error_of([&] { Generation(sequence, tokenizer, prompt, options); });
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("vocabulary of 128"));
  }
}

}  // namespace
}  // namespace nety::engine
