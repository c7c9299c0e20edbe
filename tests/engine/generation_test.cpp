// Generation token by token: where it ends, what it leaves behind, and that no other sequence of
// the engine changes what it says. Natively and through the table that plugins have.
#include "core/engine/generation.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/base/error.h"
#include "tests/engine/ready.h"

namespace nety::engine {
namespace {

/// How an answer is made.
struct Way {
  const char* name;
  bool plugin, greedy, speculate;
};

class Generations : public ::testing::TestWithParam<Way> {
 protected:
  static constexpr int64_t kContext = 96;

  /// Said again and again, so that there is something to guess.
  static std::vector<int32_t> prompt(int32_t seed) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < 4; ++i)
      for (const int32_t token : some_tokens(6, seed)) tokens.push_back(token);
    return tokens;
  }
  static GenerateOptions options(uint64_t seed) {
    GenerateOptions options;
    options.tokens = 32 + static_cast<int64_t>(seed);
    options.speculate = GetParam().speculate;
    options.sampling.greedy = GetParam().greedy;
    options.sampling.temperature = 0.15;
    options.sampling.top_k = 40;
    options.sampling.top_p = 0.95;
    options.sampling.repeat_penalty = 1.02;
    options.sampling.penalty_window = 64;
    options.sampling.seed = seed;
    return options;
  }
  Generation begin(Sequence& sequence, int32_t seed) const {
    return {sequence, tokenizer_, prompt(seed), options(static_cast<uint64_t>(seed))};
  }
  /// What is said on an engine that nobody else uses.
  Answer alone(int32_t seed) {
    Engine engine(*ready_.model, *ready_.backend, size(1));
    Sequence sequence = engine.open_sequence();
    return generate(sequence, tokenizer_, prompt(seed), options(static_cast<uint64_t>(seed)), {});
  }
  static EngineOptions size(int64_t sequences) {
    return {.context = kContext, .step_tokens = 64, .logit_rows = 27, .sequences = sequences};
  }
  static void expect_same(const Answer& found, const Answer& want, int32_t seed) {
    EXPECT_EQ(found.ids, want.ids) << seed;
    EXPECT_EQ(found.text, want.text) << seed;
    EXPECT_EQ(found.finish, want.finish) << seed;
    EXPECT_EQ(found.guessed, want.guessed) << seed;
    EXPECT_EQ(found.guessed_right, want.guessed_right) << seed;
  }

  Ready ready_ = tiny(GetParam().plugin ? native_as_plugin() : native_backend());
  tokenizer::Tokenizer tokenizer_ = some_tokenizer();
};

TEST_P(Generations, InTurnGiveTheTokensThatEachGivesAlone) {
  Engine engine(*ready_.model, *ready_.backend, size(3));
  std::vector<Sequence> sequences;
  for (int i = 0; i < 3; ++i) sequences.push_back(engine.open_sequence());
  std::vector<Generation> generations;
  for (int32_t i = 0; i < 3; ++i)
    generations.push_back(begin(sequences[static_cast<size_t>(i)], i));
  for (bool any = true; any;) {
    any = false;
    for (Generation& generation : generations) any = generation.next() != nullptr || any;
  }
  int64_t right = 0;
  for (int32_t i = 0; i < 3; ++i) {
    const Answer& answer = generations[static_cast<size_t>(i)].answer();
    expect_same(answer, alone(i), i);
    right += answer.guessed_right;
    EXPECT_EQ(sequences[static_cast<size_t>(i)].length(),
              static_cast<int64_t>(prompt(i).size() + answer.ids.size()) - 1);
  }
  EXPECT_EQ(right > 0, GetParam().speculate);
}

TEST_P(Generations, ThatShareStepsGiveTheTokensThatEachGivesAlone) {
  constexpr int64_t kTogether = 3;
  Engine engine(*ready_.model, *ready_.backend, size(kTogether));
  std::vector<Sequence> sequences;
  for (int64_t i = 0; i < kTogether; ++i) sequences.push_back(engine.open_sequence());
  std::vector<Generation> generations;
  for (int32_t i = 0; i < kTogether; ++i)
    generations.push_back(begin(sequences[static_cast<size_t>(i)], i));
  for (;;) {
    std::vector<Generation*> takers;
    std::vector<Piece> pieces;
    // Prompts come in chunks of ten, beside single tokens and guesses of the others.
    for (Generation& generation : generations)
      if (generation.needs_step()) {
        takers.push_back(&generation);
        pieces.push_back(generation.piece(10, 9));
      }
    if (takers.empty()) break;
    engine.step(pieces);
    for (size_t i = 0; i < takers.size(); ++i) takers[i]->take(pieces[i], 0);
    for (Generation& generation : generations)
      while (!generation.done() && !generation.needs_step()) generation.next();
  }
  for (int32_t i = 0; i < kTogether; ++i)
    expect_same(generations[static_cast<size_t>(i)].answer(), alone(i), i);
}

TEST_P(Generations, AreNotChangedByOthersThatAreTruncatedAndReused) {
  Engine engine(*ready_.model, *ready_.backend, size(2));
  Sequence sequence = engine.open_sequence(), other = engine.open_sequence();
  Generation generation = begin(sequence, 1);
  const std::vector<int32_t> text = some_tokens(30, 9), next = some_tokens(20, 9);
  std::vector<int32_t> changed = next;
  changed[14] = (changed[14] + 1) % 128;
  for (int turn = 0; generation.next() != nullptr; ++turn) {
    if (turn % 3 == 0) other.truncate(turn % 7);
    if (turn % 3 == 1) other.feed(std::span(text).subspan(0, 9));
    if (turn % 3 == 2) {
      const auto kept = static_cast<size_t>(other.keep_prefix(changed));
      other.feed(std::span(changed).subspan(kept));
    }
  }
  expect_same(generation.answer(), alone(1), 1);

  // And the other way: what is kept of a sequence is what it was, whoever speaks in between.
  other.truncate(0);
  other.feed(next);
  sequence.truncate(0);
  Generation again = begin(sequence, 2);
  again.next();
  const int64_t kept = other.keep_prefix(changed);
  EXPECT_EQ(kept, 14);
  again.next();
  const auto rest = std::span(changed).subspan(static_cast<size_t>(kept));
  const std::vector<float> found = copy_of(other.feed(rest));
  Engine fresh(*ready_.model, *ready_.backend, size(1));
  EXPECT_EQ(found, copy_of(fresh.open_sequence().feed(changed)));
}

INSTANTIATE_TEST_SUITE_P(Ways, Generations,
                         ::testing::Values(Way{"native_greedy", false, true, false},
                                           Way{"native_greedy_guessing", false, true, true},
                                           Way{"native_sampled", false, false, false},
                                           Way{"native_sampled_guessing", false, false, true},
                                           Way{"plugin_greedy", true, true, false},
                                           Way{"plugin_greedy_guessing", true, true, true},
                                           Way{"plugin_sampled", true, false, false},
                                           Way{"plugin_sampled_guessing", true, false, true}),
                         [](const auto& one) { return std::string(one.param.name); });

/// A greedy generation on an engine of its own.
class OneGeneration : public ::testing::Test {
 protected:
  static GenerateOptions greedy(int64_t tokens) {
    GenerateOptions options;
    options.tokens = tokens;
    options.sampling.greedy = true;
    options.speculate = true;
    return options;
  }
  Answer answer(const GenerateOptions& options, int64_t context = 64, const OnText& on_text = {}) {
    Engine engine(*ready_.model, *ready_.backend, {.context = context, .logit_rows = 9});
    Sequence sequence = engine.open_sequence();
    Answer made = generate(sequence, tokenizer_, prompt_, options, on_text);
    EXPECT_EQ(sequence.length(), static_cast<int64_t>(prompt_.size() + made.ids.size()) - 1);
    EXPECT_EQ(made.prompt_tokens, 12);
    EXPECT_EQ(made.gaps_s.size() + 1, made.ids.size());
    return made;
  }

  Ready ready_ = tiny();
  tokenizer::Tokenizer tokenizer_ = some_tokenizer();
  std::vector<int32_t> prompt_ = some_tokens(12, 4);
};

TEST_F(OneGeneration, EndsForTheReasonThatComesFirst) {
  const Answer whole = answer(greedy(20));
  EXPECT_EQ(whole.finish, FinishReason::kLength);
  ASSERT_EQ(whole.ids.size(), 20U);

  const Answer full = answer(greedy(20), 14);
  EXPECT_EQ(full.finish, FinishReason::kContext);
  EXPECT_EQ(full.ids, std::vector<int32_t>(whole.ids.begin(), whole.ids.begin() + 3));

  GenerateOptions ends = greedy(20);
  ends.end_ids = {whole.ids[6]};
  const auto end = std::ranges::find(whole.ids, whole.ids[6]) + 1;
  const Answer ended = answer(ends);
  EXPECT_EQ(ended.finish, FinishReason::kEnd);
  EXPECT_EQ(ended.ids, std::vector<int32_t>(whole.ids.begin(), end));

  GenerateOptions stops = greedy(20);
  stops.stops = {whole.text.substr(5, 3)};
  const Answer stopped = answer(stops);
  EXPECT_EQ(stopped.finish, FinishReason::kStop);
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(stops.stops[0])));
}

TEST_F(OneGeneration, IsInterruptedAfterTheTokensThatWereGiven) {
  const Answer whole = answer(greedy(30));
  for (const size_t given : {1U, 2U, 9U, 17U}) {
    Engine engine(*ready_.model, *ready_.backend, {.context = 64, .logit_rows = 9});
    Sequence sequence = engine.open_sequence();
    Generation generation(sequence, tokenizer_, prompt_, greedy(30));
    for (size_t i = 0; i < given; ++i) ASSERT_EQ(generation.next()->id, whole.ids[i]);
    generation.interrupt();
    EXPECT_EQ(generation.next(), nullptr);
    EXPECT_EQ(generation.answer().finish, FinishReason::kInterrupted);
    EXPECT_EQ(generation.answer().ids.size(), given);
    EXPECT_EQ(sequence.length(), static_cast<int64_t>(prompt_.size() + given) - 1);
    // What is fed afterwards goes on from there.
    const std::vector<int32_t> last{whole.ids[given - 1]};
    const Answer rest =
        generate(sequence, tokenizer_, last, greedy(30 - static_cast<int64_t>(given)), {});
    EXPECT_EQ(rest.ids, std::vector<int32_t>(whole.ids.begin() + static_cast<ptrdiff_t>(given),
                                             whole.ids.end()));
  }
}

TEST_F(OneGeneration, StopsWhenItsListenerSaysSo) {
  int calls = 0;
  std::string heard;
  const Answer cut = answer(greedy(30), 64, [&](std::string_view text) {
    heard += text;
    return ++calls < 4;
  });
  EXPECT_EQ(cut.finish, FinishReason::kInterrupted);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(heard, cut.text);
}

TEST_F(OneGeneration, RefusesPromptsThatCannotBeRead) {
  Engine engine(*ready_.model, *ready_.backend, {.context = 8});
  Sequence sequence = engine.open_sequence();
  const auto begin = [&](const std::vector<int32_t>& prompt) {
    Generation(sequence, tokenizer_, prompt, greedy(1));
  };
  EXPECT_THROW(begin({}), Error);
  EXPECT_THROW(begin(prompt_), Error);
  EXPECT_THROW(begin({128}), Error);
  EXPECT_EQ(sequence.length(), 0);
}

}  // namespace
}  // namespace nety::engine
