// What the scheduler plans for requests that come, go, wait and take too long.
#include "core/serving/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/serving/fake_runner.h"

namespace nety::serving {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Limits small() {
  return {.running = 2,
          .queue = 3,
          .context = 64,
          .step_tokens = 16,
          .chunk_tokens = 4,
          .guess_tokens = 5,
          .stall_seconds = 5,
          .queue_seconds = 10,
          .answer_seconds = 100};
}

std::vector<int32_t> prompt_of(int32_t first, size_t count) {
  std::vector<int32_t> prompt(count);
  for (size_t i = 0; i < count; ++i) prompt[i] = first + static_cast<int32_t>(i);
  return prompt;
}

/// A scheduler over a fake runner; requests are numbered from 1.
class SchedulerTest : public testing::Test {
 protected:
  explicit SchedulerTest(const Limits& limits = small(), size_t sequences = 3)
      : runner_(sequences), scheduler_(runner_, limits) {}

  std::optional<Refusal> submit(std::vector<int32_t> prompt, int64_t tokens,
                                const std::string& client = "someone", double now = 0) {
    requests_.push_back(std::make_unique<Request>(request_of(std::move(prompt), tokens, client)));
    return scheduler_.submit(requests_.size(), *requests_.back(), now);
  }

  /// Plans, and makes the step.
  Plan step(double now = 0) {
    Plan plan = scheduler_.plan(now);
    for (const Ended& one : plan.ended)
      if (one.sequence) runner_.end(*one.sequence);
    for (const Start& start : plan.starts) runner_.start(start);
    if (!plan.work.empty()) scheduler_.settle(runner_.step(plan.work));
    return plan;
  }

  FakeRunner runner_;
  Scheduler scheduler_;
  std::vector<std::unique_ptr<Request>> requests_;
};

TEST_F(SchedulerTest, ReadsAPromptThenTokenByToken) {
  EXPECT_EQ(submit(prompt_of(0, 20), 2), std::nullopt);
  EXPECT_EQ(scheduler_.waiting(), 1U);
  EXPECT_THAT(step().work, ElementsAre(Work{1, 0, 16}));
  EXPECT_EQ(scheduler_.unread(1), 4);
  EXPECT_THAT(step().work, ElementsAre(Work{1, 0, 4}));
  EXPECT_THAT(step().work, ElementsAre(Work{1, 0, 5})) << "alone, it may guess";
  EXPECT_EQ(scheduler_.running(), 0U);
  EXPECT_THAT(step().work, IsEmpty());
}

TEST_F(SchedulerTest, PutsChunksOfPromptsBesideSingleTokens) {
  submit(prompt_of(0, 3), 10);
  step();
  submit(prompt_of(100, 10), 10);
  EXPECT_THAT(step().work, ElementsAre(Work{1, 0, 1}, Work{2, 1, 4}));
  EXPECT_THAT(step().work, ElementsAre(Work{1, 0, 1}, Work{2, 1, 4}));
  EXPECT_THAT(step().work, ElementsAre(Work{1, 0, 1}, Work{2, 1, 2}));
  EXPECT_THAT(step().work, ElementsAre(Work{1, 0, 1}, Work{2, 1, 1}));
}

TEST_F(SchedulerTest, SharesAStepAmongPrompts) {
  submit(prompt_of(0, 40), 1);
  submit(prompt_of(100, 3), 1);
  EXPECT_THAT(step().work, ElementsAre(Work{2, 1, 3}, Work{1, 0, 13}))
      << "a short prompt does not wait for a long one";
}

TEST_F(SchedulerTest, RunsNoMoreAtATimeThanItMay) {
  for (int32_t i = 0; i < 4; ++i) submit(prompt_of(100 * i, 3), 3);
  EXPECT_EQ(step().starts.size(), 2U);
  EXPECT_EQ(scheduler_.waiting(), 2U);
  EXPECT_EQ(scheduler_.running(), 2U);
}

TEST_F(SchedulerTest, RefusesWhatDoesNotFitTheQueue) {
  for (int32_t i = 0; i < 5; ++i) EXPECT_EQ(submit(prompt_of(i, 3), 3), std::nullopt);
  EXPECT_EQ(submit(prompt_of(9, 3), 3), Refusal::kQueueFull);
  step();
  EXPECT_EQ(submit(prompt_of(9, 3), 3), Refusal::kQueueFull) << "two run, three wait";
}

TEST_F(SchedulerTest, RefusesPromptsThatAreTooLong) {
  EXPECT_EQ(submit(prompt_of(0, 64), 1), Refusal::kPromptTooLong);
  EXPECT_EQ(submit(prompt_of(0, 63), 1), std::nullopt);
}

TEST_F(SchedulerTest, LetsClientsTakeTurns) {
  for (int32_t i = 0; i < 4; ++i) submit(prompt_of(100 * i, 2), 1, "many");
  submit(prompt_of(500, 2), 1, "few");
  const Plan plan = step();
  ASSERT_EQ(plan.starts.size(), 2U);
  EXPECT_EQ(plan.starts[0].id, 1U);
  EXPECT_EQ(plan.starts[1].id, 5U);
}

TEST_F(SchedulerTest, EndsWhatIsCancelledWhereverItIs) {
  for (int32_t i = 0; i < 3; ++i) submit(prompt_of(100 * i, 2), 9);
  step();
  scheduler_.end(3, End::kCancelled);
  EXPECT_EQ(scheduler_.waiting(), 0U);
  scheduler_.end(1, End::kCancelled);
  scheduler_.end(1, End::kStopped);
  scheduler_.end(77, End::kCancelled);
  const Plan plan = step();
  EXPECT_THAT(plan.ended, ElementsAre(Ended{3, End::kCancelled}, Ended{1, End::kCancelled, 0}));
  EXPECT_THAT(plan.work, ElementsAre(Work{2, 1, 5}));
}

TEST_F(SchedulerTest, EndsWhatTakesTooLong) {
  for (int32_t i = 0; i < 3; ++i) submit(prompt_of(100 * i, 2), 50);
  step(0);
  scheduler_.pause(1, 1);
  EXPECT_THAT(step(6).work, ElementsAre(Work{2, 1, 5})) << "what is paused reads nothing";
  EXPECT_THAT(step(6.5).ended, ElementsAre(Ended{1, End::kStalled, 0}));
  EXPECT_EQ(scheduler_.running(), 2U) << "the third has begun";
  EXPECT_THAT(step(101).ended, ElementsAre(Ended{2, End::kTime, 1}));
  submit(prompt_of(500, 2), 50, "someone", 101);
  submit(prompt_of(600, 2), 50, "someone", 101);
  step(101);
  EXPECT_THAT(step(106.6).ended, ElementsAre(Ended{3, End::kTime, 2}));
}

TEST_F(SchedulerTest, EndsWhatWaitsTooLong) {
  for (int32_t i = 0; i < 3; ++i) submit(prompt_of(100 * i, 2), 50);
  step(0);
  EXPECT_THAT(step(9).ended, IsEmpty());
  EXPECT_THAT(step(10.5).ended, ElementsAre(Ended{3, End::kQueueTime}));
}

TEST_F(SchedulerTest, GoesOnWithWhatWasPaused) {
  submit(prompt_of(0, 2), 50);
  step();
  scheduler_.pause(1, 0);
  EXPECT_THAT(step(1).work, IsEmpty());
  scheduler_.resume(1);
  scheduler_.pause(1, 4);
  EXPECT_THAT(step(7).ended, IsEmpty()) << "it was not behind all that time";
  scheduler_.resume(1);
  EXPECT_EQ(step(8).work.size(), 1U);
}

TEST_F(SchedulerTest, ReusesWhatASequenceHasRead) {
  const auto prompt = prompt_of(0, 10);
  submit(prompt, 3);
  while (!step().work.empty()) {
  }
  // The conversation goes on: the question, its answer, another question.
  std::vector<int32_t> longer = prompt;
  for (const int32_t token : whole_answer(*requests_[0])) longer.push_back(token);
  longer.push_back(777);
  submit(longer, 3);
  const Plan plan = step();
  ASSERT_EQ(plan.starts.size(), 1U);
  EXPECT_EQ(plan.starts[0].place, (Place{0, 12})) << "the last token was made, not read";
  EXPECT_THAT(plan.work, ElementsAre(Work{2, 0, 2}));
}

TEST_F(SchedulerTest, StopsTakingAndLetsWhatRunsFinish) {
  for (int32_t i = 0; i < 3; ++i) submit(prompt_of(100 * i, 2), 4);
  step();
  scheduler_.stop();
  EXPECT_EQ(submit(prompt_of(900, 2), 4), Refusal::kStopping);
  const Plan plan = step();
  EXPECT_THAT(plan.ended, ElementsAre(Ended{3, End::kStopped}));
  EXPECT_EQ(plan.work.size(), 2U);
  while (!step().work.empty()) {
  }
  EXPECT_EQ(scheduler_.running(), 0U);
}

}  // namespace
}  // namespace nety::serving
