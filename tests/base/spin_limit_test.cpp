// The limit of spinning follows what waits took and what parking costs.
#include "core/base/spin_limit.h"

#include <gtest/gtest.h>

namespace nety {
namespace {

constexpr int64_t kMicrosecond = 1000;

/// `count` waits of so many microseconds.
void wait(SpinLimit& limit, int count, int64_t microseconds) {
  for (int i = 0; i < count; ++i) limit.ended(microseconds * kMicrosecond);
}

/// Parking seen to cost so many microseconds, often enough to be believed.
void park(SpinLimit& limit, int64_t microseconds) {
  for (int i = 0; i < 100; ++i) limit.woke(microseconds * kMicrosecond);
}

/// Of a thread among other programs.
SpinLimit among_others() {
  SpinLimit limit;
  limit.crowded();
  return limit;
}

TEST(SpinLimit, IsTheLongestWhileNobodyLosesAProcessor) {
  SpinLimit limit;
  wait(limit, SpinLimit::kWaits, 3000);
  EXPECT_EQ(limit.nanoseconds(), SpinLimit::kLongest);
  limit.crowded();
  EXPECT_EQ(limit.nanoseconds(), SpinLimit::kShortest);
  wait(limit, SpinLimit::kMemory, 3000);
  EXPECT_EQ(limit.nanoseconds(), SpinLimit::kLongest);
}

TEST(SpinLimit, CoversWaitsShorterThanParking) {
  SpinLimit limit = among_others();
  park(limit, 30);
  wait(limit, SpinLimit::kWaits, 12);
  EXPECT_EQ(limit.nanoseconds(), 16 * kMicrosecond);
}

TEST(SpinLimit, ParksSoonWhereParkingIsCheaperThanTheWait) {
  SpinLimit limit = among_others();
  park(limit, 5);
  wait(limit, SpinLimit::kWaits, 100);
  EXPECT_EQ(limit.nanoseconds(), SpinLimit::kShortest);
}

TEST(SpinLimit, GivesUpOnWaitsThatAreLongerThanAnyLimit) {
  SpinLimit limit = among_others();
  wait(limit, SpinLimit::kWaits, 3000);
  EXPECT_EQ(limit.nanoseconds(), SpinLimit::kShortest);
}

// Decode: many short waits between operations, and one long one while a token is chosen.
TEST(SpinLimit, CoversTheManyShortWaitsAndNotTheFewLongOnes) {
  SpinLimit limit = among_others();
  for (int token = 0; token < 4; ++token) {
    wait(limit, 60, 12);
    wait(limit, 4, 400);
  }
  EXPECT_EQ(limit.nanoseconds(), 16 * kMicrosecond);
}

TEST(SpinLimit, GrowsWithWhatParkingCosts) {
  for (const auto& [parking, expected] : {std::pair{30, 16}, std::pair{200, 128}}) {
    SpinLimit limit = among_others();
    park(limit, parking);
    wait(limit, 48, 12);
    wait(limit, 16, 100);
    EXPECT_EQ(limit.nanoseconds(), expected * kMicrosecond) << parking;
  }
}

TEST(SpinLimit, ForgetsHowItWasBefore) {
  SpinLimit limit = among_others();
  wait(limit, 10 * SpinLimit::kWaits, 3000);
  wait(limit, 10 * SpinLimit::kWaits, 12);
  EXPECT_EQ(limit.nanoseconds(), 16 * kMicrosecond);
}

TEST(SpinLimit, DoesNotCountTheQueueBeforeABusyProcessorAsParking) {
  SpinLimit limit;
  park(limit, 1000000);
  EXPECT_LE(limit.parking(), 200 * kMicrosecond);
}

}  // namespace
}  // namespace nety
