#include "core/base/words.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/utc.h"

namespace nety {
namespace {

TEST(Words, AreJoined) {
  EXPECT_EQ(joined(std::vector<std::string>{}), "");
  EXPECT_EQ(joined(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(joined(std::vector<std::string_view>{"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(joined(std::vector<std::string>{"a", "b"}, "|"), "a|b");
  std::string list;
  append_word(list, "a", "; ");
  append_word(list, "b", "; ");
  EXPECT_EQ(list, "a; b");
}

TEST(Words, OfAnOutputsLastLine) {
  EXPECT_EQ(last_line("", 10), "");
  EXPECT_EQ(last_line("\n\r\n", 10), "");
  EXPECT_EQ(last_line("one\ntwo\r\n\n", 10), "two");
  EXPECT_EQ(last_line("one\n0123456789", 10), "0123456789");
  EXPECT_EQ(last_line("one\n0123456789x", 10), "0123456789...");
}

TEST(Utc, IsWhatResultFilesHave) {
  using std::chrono::system_clock;
  EXPECT_EQ(utc_text(system_clock::from_time_t(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(system_clock::from_time_t(1769860800)), "2026-01-31T12:00:00Z");
}

}  // namespace
}  // namespace nety
