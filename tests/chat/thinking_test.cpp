#include "core/chat/thinking.h"

#include <gtest/gtest.h>

namespace nety::chat {
namespace {

struct Answer {
  std::string thought, said, thinking, content;
  bool operator==(const Answer&) const = default;
};

/// An answer in pieces of `size` bytes.
Answer filtered(std::string_view text, size_t size, std::string_view opened = "") {
  ThinkFilter filter(opened);
  Answer answer;
  const auto add = [&](const ThinkFilter::Piece& piece) {
    answer.thought += piece.thought;
    answer.said += piece.said;
  };
  for (size_t at = 0; at < text.size(); at += size) add(filter.push(text.substr(at, size)));
  add(filter.finish());
  answer.thinking = filter.thinking();
  answer.content = filter.content();
  return answer;
}

TEST(ThinkFilter, TellsThoughtsFromWhatIsSaidInPiecesOfAnySize) {
  for (size_t size = 1; size < 40; ++size) {
    SCOPED_TRACE(size);
    EXPECT_EQ(filtered("<think>\na < b\n</think>\n\nYes.", size),
              (Answer{"<think>\na < b\n</think>", "\n\nYes.", "a < b", "Yes."}));
    EXPECT_EQ(filtered("  [THINK]x[/THINK]y", size), (Answer{"  [THINK]x[/THINK]", "y", "x", "y"}));
    EXPECT_EQ(filtered("x\n</think>y", size, "<think>"), (Answer{"x\n</think>", "y", "x", "y"}));
    EXPECT_EQ(filtered("<think>\n\n</think>\n\nHi", size),
              (Answer{"<think>\n\n</think>", "\n\nHi", "", "Hi"}));
  }
}

TEST(ThinkFilter, LeavesOtherAnswersAlone) {
  for (size_t size = 1; size < 20; ++size)
    for (const char* text : {"Hello", "<thin", " <", "a <think>b</think>", "", "\n\n x", "<b>"})
      EXPECT_EQ(filtered(text, size), (Answer{"", text, "", text})) << text;
}

TEST(ThinkFilter, TakesThoughtsThatDoNotEndForThoughts) {
  EXPECT_EQ(filtered("<think>\nlong </thi", 3),
            (Answer{"<think>\nlong </thi", "", "long </thi", ""}));
}

TEST(OpenedThinking, IsTheTagAtTheEndOfAPrompt) {
  EXPECT_EQ(opened_thinking("<|im_start|>assistant\n<think>\n"), "<think>");
  EXPECT_EQ(opened_thinking("<|im_start|>assistant\n"), "");
  EXPECT_EQ(opened_thinking("<think>\n\n</think>\n\n"), "");
}

}  // namespace
}  // namespace nety::chat
