// Which turns go when the context is full.
#include "app/forgetting.h"

#include <gtest/gtest.h>

namespace nety::app {
namespace {

/// A conversation of questions and answers; the last question is not answered. Each turn takes ten
/// tokens, and what stands before them all five.
class Forgetting : public testing::Test {
 protected:
  explicit Forgetting(size_t turns = 9) {
    for (size_t i = 0; i < turns; ++i)
      turns_.push_back({i % 2 == 0 ? "user" : "assistant", "text"});
  }
  size_t first(int64_t context, int64_t room, size_t forgotten = 0) {
    return turns_to_forget(turns_, forgotten, context, room, [this](size_t turn) {
      return 5 + 10 * static_cast<int64_t>(turns_.size() - turn);
    });
  }
  std::vector<chat::Message> turns_;
};

TEST_F(Forgetting, LeavesAConversationThatHasRoom) {
  EXPECT_EQ(first(105, 10), 0U);
  EXPECT_EQ(first(95, 0), 0U);
}

TEST_F(Forgetting, LeavesHalfOfTheContextFreeOnceItMustForget) {
  EXPECT_EQ(first(104, 10), 6U);  // 35 of 104; with turn 4 it would be 55
  EXPECT_EQ(first(94, 0), 6U);
  EXPECT_EQ(first(110, 16), 4U);
}

TEST_F(Forgetting, KeepsWhatIsForgottenForgotten) {
  EXPECT_EQ(first(60, 5, 4), 4U);
  EXPECT_EQ(first(59, 5, 4), 8U);
}

TEST_F(Forgetting, LeavesTheLastQuestionWhateverItTakes) {
  EXPECT_EQ(first(20, 5), 8U);
  EXPECT_EQ(first(3, 5), 8U);
  EXPECT_EQ(first(3, 5, 8), 8U);
}

TEST(RoomForAnAnswer, IsAQuarterOfTheContextAtMost) {
  EXPECT_EQ(room_for_answer(4096, 1000), 1000);
  EXPECT_EQ(room_for_answer(4096, 2000), 1024);
}

}  // namespace
}  // namespace nety::app
