// Who is next.
#include "core/serving/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nety::serving {
namespace {

std::vector<RequestId> all_of(FairQueue& queue) {
  std::vector<RequestId> order;
  while (const auto id = queue.pop()) order.push_back(*id);
  return order;
}

TEST(FairQueue, ServesOneClientInTheOrderOfArrival) {
  FairQueue queue;
  for (const RequestId id : {1, 2, 3}) queue.push("a", id);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_THAT(all_of(queue), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(FairQueue, LetsClientsTakeTurns) {
  FairQueue queue;
  for (const RequestId id : {1, 2, 3, 4}) queue.push("many", id);
  queue.push("few", 5);
  queue.push("other", 6);
  queue.push("other", 7);
  EXPECT_THAT(all_of(queue), testing::ElementsAre(1, 5, 6, 2, 7, 3, 4));
}

TEST(FairQueue, SendsAClientThatComesAgainToTheEnd) {
  FairQueue queue;
  queue.push("a", 1);
  queue.push("b", 2);
  EXPECT_EQ(queue.pop(), 1U);
  queue.push("a", 3);
  EXPECT_THAT(all_of(queue), testing::ElementsAre(2, 3));
}

TEST(FairQueue, ForgetsWhatIsRemoved) {
  FairQueue queue;
  queue.push("a", 1);
  queue.push("a", 2);
  queue.push("b", 3);
  EXPECT_TRUE(queue.remove(1));
  EXPECT_FALSE(queue.remove(1));
  EXPECT_TRUE(queue.remove(3));
  EXPECT_THAT(queue.ids(), testing::ElementsAre(2));
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_THAT(all_of(queue), testing::ElementsAre(2));
  EXPECT_EQ(queue.pop(), std::nullopt);
}

}  // namespace
}  // namespace nety::serving
