// Slices: the words, the places in the sequence, and a worker that is asked for some.
#include "bench/slices.h"

#include <gmock/gmock.h>

#include <cmath>

#include "bench/slice_taker.h"
#include "core/base/error.h"
#include "core/measure/worker.h"

namespace nety::bench {
namespace {

using results::Status;
using testing::HasSubstr;

// ---- the words ----------------------------------------------------------------------------------

TEST(Slices, SurviveTheTrip) {
  const Command there =
      slice_command({SliceKind::kDecode, /*depth=*/64, /*tokens=*/20, 0.05}, kSliceProtocol);
  const Command back = parse_command(to_line(there));
  EXPECT_EQ(back.action, Action::kSlice);
  EXPECT_EQ(back.depth, 64);
  EXPECT_EQ(back.n_gen, 20);
  EXPECT_EQ(back.n_prompt, 0);
  EXPECT_EQ(back.limit_s, 0.05);
  const Command prefill = slice_command({SliceKind::kPrefill, 0, 128, 0.05}, kSliceProtocol);
  EXPECT_EQ(prefill.n_prompt, 128);
  EXPECT_EQ(prefill.limit_s, 0) << "a prefill is never cut short";
}

TEST(Slices, AreAskedOfAnOlderWorkerInItsOwnWords) {
  EXPECT_EQ(slice_command({SliceKind::kDecode, 64, 20, 0.05}, 1).action, Action::kDecode);
  EXPECT_EQ(slice_command({SliceKind::kPrefill, 0, 128}, 1).action, Action::kPrefill);
  EXPECT_THROW(slice_command({SliceKind::kPrefill, 1, 128}, 1), Error);
  EXPECT_THROW(slice_command({SliceKind::kDecode, 0, 0}, kSliceProtocol), Error);
}

TEST(Slices, TheVersionIsOneWhereAWorkerDoesNotSay) {
  Reply reply;
  EXPECT_EQ(protocol_of(reply), 1);
  for (const double nonsense : {std::nan(""), -3.0, 0.0, 1e9}) {
    reply.numbers["protocol"] = nonsense;
    EXPECT_EQ(protocol_of(reply), 1) << nonsense;
  }
  reply.numbers["protocol"] = 2;
  EXPECT_EQ(protocol_of(reply), 2);
}

TEST(Slices, AnAnswerWithoutTimesIsNone) {
  const SliceRequest request{SliceKind::kDecode, 0, 10};
  Reply reply;
  EXPECT_THROW(slice_of(reply, request), Error);
  reply.numbers = {{"seconds", 0.5}, {"tokens", 11}};
  EXPECT_THROW(slice_of(reply, request), Error) << "more than asked for";
  reply.numbers["tokens"] = 5;
  EXPECT_EQ(slice_of(reply, request).tps(), 10);
}

// ---- places in the sequence ---------------------------------------------------------------------

/// Writes down what it is asked to do, and refuses tokens that do not belong where they come.
class NotingEngine final : public Engine {
 public:
  LoadReport load(Progress&) override { return {}; }
  void reset() override { rewind(0); }
  void rewind(int64_t length) override {
    log += " r" + std::to_string(length);
    length_ = std::min(length_, length);
  }
  void prefill(std::span<const int32_t> tokens) override {
    log += " p" + std::to_string(tokens.size());
    take(tokens);
  }
  void decode(int32_t token) override {
    log += " d";
    take(std::span(&token, 1));
  }
  std::span<const float> logits(std::span<const int32_t>) override { return {}; }
  int64_t stream(std::string_view, int64_t, const OnToken&) override { return 0; }
  std::vector<int32_t> encode(std::string_view) override { return {}; }
  std::string text_of(std::span<const int32_t>) override { return ""; }
  uint64_t bytes_per_token(int64_t depth) const override { return static_cast<uint64_t>(depth); }

  std::string log;

 private:
  void take(std::span<const int32_t> tokens) {
    for (const int32_t token : tokens) EXPECT_EQ(token, length_++) << log;
  }
  int64_t length_ = 0;
};

class SliceTakerTest : public testing::Test {
 protected:
  Reply take(const SliceRequest& request) {
    engine_.log.clear();
    return taker_.take(engine_, slice_command(request, kSliceProtocol), counted_);
  }
  CountedWork counted_{machine::host()};
  NotingEngine engine_;
  SliceTaker taker_{[](int64_t count) {
    std::vector<int32_t> tokens(static_cast<size_t>(count));
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i);
    return tokens;
  }};
};

TEST_F(SliceTakerTest, FeedsWhatIsMissingBeforeTheSlice) {
  take({SliceKind::kDecode, 5, 2});
  EXPECT_EQ(engine_.log, " r0 p5 d r5 d d");
  take({SliceKind::kDecode, 9, 1});
  EXPECT_EQ(engine_.log, " r7 p2 d r9 d");
}

TEST_F(SliceTakerTest, GoesOnAndBackWithoutFeedingAgain) {
  take({SliceKind::kPrefill, 0, 8});
  EXPECT_EQ(engine_.log, " r0 d r0 p8");
  take({SliceKind::kDecode, 8, 2});
  EXPECT_EQ(engine_.log, " r8 d r8 d d");
  take({SliceKind::kDecode, 10, 1});
  EXPECT_EQ(engine_.log, " r10 d r10 d");
  take({SliceKind::kDecode, 3, 1});
  EXPECT_EQ(engine_.log, " r3 d r3 d");
}

TEST_F(SliceTakerTest, FeedsEverythingAgainAfterAnotherCommand) {
  take({SliceKind::kPrefill, 0, 8});
  taker_.forget();
  take({SliceKind::kDecode, 4, 1});
  EXPECT_EQ(engine_.log, " r0 p4 d r4 d");
}

// ---- a worker -----------------------------------------------------------------------------------

class SliceWorkerTest : public testing::Test {
 protected:
  Outcome load(const std::string& mode) {
    Command command;
    command.action = Action::kLoad;
    command.engine.run.mode = mode;
    command.engine.run.context = 64;
    Outcome outcome = worker_.ask(command, 30, nullptr, nullptr);
    protocol_ = protocol_of(outcome.reply);
    return outcome;
  }
  Outcome take(const SliceRequest& request) {
    return take_slice(worker_, protocol_, request, 30, slice_);
  }
  EngineWorker worker_{{{measure::own_program(), "worker"}, {}}};
  int protocol_ = 0;
  Slice slice_;
};

TEST_F(SliceWorkerTest, TakesSlicesOfOneLoadedModel) {
  ASSERT_TRUE(load("fp32"));
  EXPECT_EQ(protocol_, kProtocol);
  for (int turn = 0; turn < 20; ++turn) {  // its context is 64: every slice has a place in it
    ASSERT_TRUE(take({SliceKind::kPrefill, 0, 40}));
    EXPECT_EQ(slice_.tokens, 40);
    EXPECT_GT(slice_.seconds, 0);
    ASSERT_TRUE(take({SliceKind::kDecode, 50, 3}));
    EXPECT_EQ(slice_.tokens, 3);
    EXPECT_EQ(slice_.gaps_s.size(), 3U);
    EXPECT_NEAR(slice_.gaps_s[0] + slice_.gaps_s[1] + slice_.gaps_s[2], slice_.seconds, 1e-3);
    EXPECT_GE(slice_.seconds, 0.006);  // two milliseconds a token
    EXPECT_GE(slice_.cpu_s, 0);
    EXPECT_EQ(slice_.bytes_per_token, 4051);
  }
}

TEST_F(SliceWorkerTest, EndsADecodeByItsTime) {
  ASSERT_TRUE(load("fp32"));
  ASSERT_TRUE(take({SliceKind::kDecode, 0, 60, /*seconds=*/0.02}));
  EXPECT_GE(slice_.tokens, 1);
  EXPECT_LE(slice_.tokens, 10);
  EXPECT_GE(slice_.seconds, 0.02);
}

TEST_F(SliceWorkerTest, TakesThemInOldWordsToo) {
  ASSERT_TRUE(load("fp32"));
  protocol_ = 1;
  ASSERT_TRUE(take({SliceKind::kDecode, 4, 3}));
  EXPECT_EQ(slice_.tokens, 3);
  EXPECT_TRUE(std::isnan(slice_.cpu_s));
  ASSERT_TRUE(take({SliceKind::kPrefill, 0, 10}));
  EXPECT_EQ(slice_.tokens, 10);
}

TEST_F(SliceWorkerTest, SaysWhyThereIsNoSlice) {
  EXPECT_EQ(take({SliceKind::kDecode, 0, 3}).status, Status::kError) << "nothing is loaded";
  ASSERT_TRUE(load("fp32"));
  EXPECT_THAT(take({SliceKind::kPrefill, 0, 65}).reason, HasSubstr("context"));
  EXPECT_TRUE(take({SliceKind::kPrefill, 0, 63})) << "and then goes on";
  ASSERT_TRUE(load("throws"));
  EXPECT_THAT(take({SliceKind::kPrefill, 0, 8}).reason, HasSubstr("not possible"));
  ASSERT_TRUE(load("kill"));
  EXPECT_EQ(take({SliceKind::kDecode, 0, 3}).status, Status::kCrashed);
}

}  // namespace
}  // namespace nety::bench
