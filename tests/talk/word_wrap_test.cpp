// Lines of a text that comes in pieces: those of a simple reference that sees all of it at once.
#include "app/talk/word_wrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include "app/talk/characters.h"

namespace nety::talk {
namespace {

/// A text cut into characters.
std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const size_t bytes = first_character(text).bytes;
    all.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return all;
}

/// The words of a line: what stands between blanks, and each wide character by itself.
struct Word {
  size_t blanks = 0;  // before it
  std::string text;
};

std::vector<Word> words_of(const std::string& line) {
  std::vector<Word> words;
  size_t blanks = 0;
  bool begins = true, wide = false;
  for (const std::string& one : characters_of(line)) {
    if (one == " ") {
      ++blanks;
      begins = true;
      continue;
    }
    const bool is_wide = first_character(one).wide;
    if (begins || wide || is_wide) words.push_back({blanks, {}});
    words.back().text += one;
    wide = is_wide;
    begins = false;
    blanks = 0;
  }
  return words;
}

std::string reference_line(const std::string& line, size_t width) {
  std::string out;
  size_t column = 0;
  for (const Word& word : words_of(line)) {
    const size_t columns = columns_of(word.text);
    if (column + word.blanks + columns <= width) {
      out += std::string(word.blanks, ' ') + word.text;
      column += word.blanks + columns;
      continue;
    }
    if (column > 0) out += '\n';
    column = 0;
    for (const std::string& one : characters_of(word.text)) {
      if (column > 0 && column + columns_of(one) > width) {
        out += '\n';
        column = 0;
      }
      out += one;
      column += columns_of(one);
    }
  }
  return out;
}

std::string reference(const std::string& text, size_t width) {
  std::string out, line;
  for (const char c : text + "\n") {
    if (c != '\n') {
      line += c;
      continue;
    }
    out += reference_line(line, width) + "\n";
    line.clear();
  }
  out.pop_back();
  return out;
}

std::string in_pieces(const std::string& text, size_t width, const std::vector<size_t>& sizes) {
  std::string out;
  WordWrap wrap([width] { return width; }, [&out](std::string_view part) { out += part; });
  std::string_view rest = text;
  for (size_t i = 0; !rest.empty(); ++i) {
    size_t end = std::min(rest.size(), sizes.empty() ? rest.size() : sizes[i % sizes.size()]);
    while (end < rest.size() && (static_cast<unsigned char>(rest[end]) & 0xc0U) == 0x80U) ++end;
    wrap.text(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  wrap.flush();
  return out;
}

TEST(WordWrap, BreaksBetweenWords) {
  EXPECT_EQ(wrapped("the quick brown fox", 10), "the quick\nbrown fox");
  EXPECT_EQ(wrapped("the quick  brown", 12), "the quick\nbrown");
  EXPECT_EQ(wrapped("  a b\n\n  c", 10), "  a b\n\n  c");
  EXPECT_EQ(wrapped("exactly ten", 7), "exactly\nten");
  EXPECT_EQ(wrapped("any width", 0), "any width");
}

TEST(WordWrap, CutsAWordThatNoLineHolds) {
  EXPECT_EQ(wrapped("see abcdefghijkl now", 5), "see\nabcde\nfghij\nkl\nnow");
  EXPECT_EQ(wrapped("see abcdefghijkl on", 5), "see\nabcde\nfghij\nkl on");
}

TEST(WordWrap, NeverSplitsACharacter) {
  // An e with an accent of its own, a family joined of three, a flag.
  const std::string accented = "e\xcc\x81", family = "👨‍👩‍👧", flag = "🇫🇷";
  EXPECT_EQ(columns_of(accented), 1U);
  EXPECT_EQ(first_character(family).bytes, family.size());
  EXPECT_EQ(first_character(flag + "x").bytes, flag.size());
  std::string text;
  for (int i = 0; i < 7; ++i) text += accented;
  EXPECT_EQ(wrapped(text, 4), text.substr(0, 12) + "\n" + text.substr(12));
  EXPECT_EQ(wrapped("日本語の文", 5), "日本\n語の\n文");
  EXPECT_EQ(wrapped("ab日本", 3), "ab\n日\n本");
}

TEST(WordWrap, KeepsNonBreakingBlanks) {
  EXPECT_EQ(wrapped("oui vraiment\u00a0? oui", 12), "oui\nvraiment\u00a0?\noui");
}

TEST(WordWrap, GoesOnUnderAnIndent) {
  EXPECT_EQ(wrapped("- one two three", 9, 2), "- one two\n  three");
  EXPECT_EQ(wrapped("- abcdefghijklmn", 8, 2), "-\n  abcdef\n  ghijkl\n  mn");
}

TEST(WordWrap, CountsNoColumnsForMarks) {
  std::string out;
  WordWrap wrap([] { return size_t{8}; }, [&out](std::string_view part) { out += part; });
  wrap.text("one ");
  wrap.mark("\x1b[1m");
  wrap.text("two");
  wrap.mark("\x1b[0m");
  wrap.text("x yz");
  wrap.flush();
  EXPECT_EQ(out, "one \x1b[1mtwo\x1b[0mx\nyz");
}

TEST(WordWrap, FollowsAnotherWidthFromTheNextWordOn) {
  std::string out;
  size_t width = 20;
  WordWrap wrap([&width] { return width; }, [&out](std::string_view part) { out += part; });
  wrap.text("one two three ");
  width = 9;
  wrap.text("four five six");
  wrap.flush();
  EXPECT_EQ(out, "one two three\nfour five\nsix");
}

TEST(WordWrap, LeavesLinesAloneWhereItMust) {
  std::string out;
  WordWrap wrap([] { return size_t{5}; }, [&out](std::string_view part) { out += part; });
  wrap.wraps(false);
  wrap.text("    long line\n");
  wrap.wraps(true);
  wrap.text("short line");
  wrap.flush();
  EXPECT_EQ(out, "    long line\nshort\nline");
}

rc::Gen<std::string> texts() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "b", "ccc", " ", " ", "  ", "\n", "é", "日", "本", "e\xcc\x81", "👍", "-", "“")),
      [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts) text += part;
        return text;
      });
}

RC_GTEST_PROP(WordWrapProperties, LinesAreThoseOfTheReference, ()) {
  const std::string text = *texts();
  const auto width = *rc::gen::inRange<size_t>(2, 30);
  const auto sizes = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 9));
  RC_ASSERT(in_pieces(text, width, sizes) == reference(text, width));
}

RC_GTEST_PROP(WordWrapProperties, NoLineIsWiderAndNoCharacterIsLost, ()) {
  const std::string text = *texts();
  const auto width = *rc::gen::inRange<size_t>(2, 30);
  const std::string out = in_pieces(text, width, {3});
  std::string kept, came;
  for (const char c : text)
    if (c != ' ' && c != '\n') kept += c;
  std::string line;
  for (const char c : out + "\n") {
    if (c != ' ' && c != '\n') came += c;
    if (c != '\n') {
      line += c;
      continue;
    }
    RC_ASSERT(columns_of(line) <= width);
    line.clear();
  }
  RC_ASSERT(came == kept);
}

}  // namespace
}  // namespace nety::talk
