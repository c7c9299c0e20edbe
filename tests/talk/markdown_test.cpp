// Light Markdown, in pieces of every size: the same bytes for the terminal.
#include "app/talk/markdown.h"

#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include "app/talk/answer_view.h"

namespace nety::talk {
namespace {

std::string shown(std::string_view text, size_t piece, size_t width = 0) {
  std::string out;
  AnswerView view(
      {.styles = true}, [width] { return width; }, [&out](std::string_view part) { out += part; });
  while (!text.empty()) {
    size_t end = std::min(piece, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) ++end;
    view.said(text.substr(0, end));
    text.remove_prefix(end);
  }
  view.finish();
  return out;
}

/// Escape sequences as readable words: <b> bold, <t> title, <c> code, <d> dim, </> plain.
std::string readable(std::string text) {
  const std::pair<std::string_view, std::string_view> kWords[] = {{"\x1b[1;4m", "<t>"},
                                                                  {"\x1b[1m", "<b>"},
                                                                  {"\x1b[36m", "<c>"},
                                                                  {"\x1b[2m", "<d>"},
                                                                  {"\x1b[0m", "</>"}};
  for (const auto& [sequence, word] : kWords)
    for (size_t at = text.find(sequence); at != std::string::npos; at = text.find(sequence))
      text.replace(at, sequence.size(), word);
  return text;
}

void expect_shown(std::string_view text, std::string_view expected, size_t width = 0) {
  for (size_t piece = 1; piece < 12; ++piece) {
    SCOPED_TRACE(piece);
    ASSERT_EQ(readable(shown(text, piece, width)), expected);
  }
}

TEST(Markdown, ShowsBoldAndCode) {
  expect_shown("a **b c** d", "a <b>b c</> d");
  expect_shown("**Note:** x", "<b>Note:</> x");
  expect_shown("use `ls -l` or ``a`b``.", "use <c>ls -l</> or <c>a`b</>.");
  expect_shown("**a `b` c**", "<b>a <c>b</><b> c</>");
  expect_shown("中文**粗体**文", "中文<b>粗体</>文");
  expect_shown("a ***b*** c", "a <b>b</> c");
}

TEST(Markdown, LeavesWhatIsNone) {
  for (const char* text : {"2 * 3 * 4", "2**10 and 3 ** 2", "a*b", "__init__ stays", "C:\\dir\\x",
                           "#hashtag", "-5 degrees", "3.14 is pi", "a `", "1) x", "| a | b |",
                           "***", "---", "> quoted", "$x_1$ and \\(y\\)"})
    expect_shown(text, text);
}

TEST(Markdown, TakesMarksThatAreEscaped) {
  expect_shown("\\*not bold\\* and \\`x\\` \\# \\_y", "*not bold* and `x` # _y");
  expect_shown("`a\\*b`", "<c>a\\*b</>");
}

TEST(Markdown, ShowsHeadings) {
  expect_shown("# One\n### Three\ntext", "<t>One</>\n<b>Three</>\ntext");
  expect_shown("## a **b** `c` d\n", "<t>a b <c>c</><b> d</>\n");
}

TEST(Markdown, ShowsListsWithTheirIndent) {
  expect_shown("- one two three\n  * four\n10. five six seven",
               "• one two\n  three\n  • four\n10. five\n    six\n    seven", 10);
  expect_shown("* **bold** item", "• <b>bold</> item");
}

TEST(Markdown, LeavesFencedCodeAsItIs) {
  expect_shown("x\n```python\ndef f(**k): return `1`  # long line\n\n  ```y\n```\n**z** long line",
               "x\n</><d>```python</><c>\ndef f(**k): return `1`  # long line\n\n  ```y\n"
               "</><d>```</>\n<b>z</> long\nline",
               8);
  expect_shown("~~~\n```\n~~~\n", "</><d>~~~</><c>\n```\n</><d>~~~</>\n");
  expect_shown("````\n```\n````", "</><d>````</><c>\n```\n</><d>````</>");
  expect_shown("```\nopen", "</><d>```</><c>\nopen</>");
  expect_shown("```a```b", "<c>a</>b");
}

TEST(Markdown, EndsStylesWithTheirLine) {
  expect_shown("**open\nnext", "<b>open</>\nnext");
  expect_shown("`open\nnext", "<c>open</>\nnext");
  expect_shown("**open", "<b>open</>");
}

TEST(Markdown, CountsNoColumnsForStyles) {
  expect_shown("aa **bb** `cc` dd", "aa <b>bb</>\n<c>cc</> dd", 6);
}

RC_GTEST_PROP(MarkdownProperties, PiecesMakeNoDifferenceAndNoLetterIsLost, ()) {
  const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "é", " ", "\n", "*", "**", "`", "```", "# ", "- ", "1. ", "\\", "~~~", "|", "日"));
  std::string text;
  for (const std::string& part : parts) text += part;
  const std::string whole = shown(text, text.size() + 1, 12);
  RC_ASSERT(shown(text, 1, 12) == whole);
  RC_ASSERT(shown(text, 3, 12) == whole);
  const auto of_letters = [](std::string_view all) {
    std::string found;
    for (const char c : all)
      if (c == 'a' ||
          (static_cast<unsigned char>(c) >= 0x80 && c != '\xe2' && c != '\x80' && c != '\xa2'))
        found += c;
    return found;
  };
  RC_ASSERT(of_letters(whole) == of_letters(text));
}

TEST(AnswerView, DimsThoughtsAndLetsNoControlThrough) {
  std::string out;
  {
    AnswerView view(
        {.styles = true}, [] { return size_t{20}; },
        [&out](std::string_view part) { out += part; });
    view.thought("<think>\nhm **x**\n</think>");
    view.said("\n\nyes \x1b[31m **b**\x07");
    view.finish();
  }
  EXPECT_EQ(readable(out),
            "<d><think>\nhm **x**\n</think></>\n\nyes \xef\xbf\xbd[31m <b>b</>"
            "\xef\xbf\xbd");
}

TEST(AnswerView, IsPlainWithoutStyles) {
  std::string out;
  AnswerView view(
      {.styles = false}, [] { return size_t{8}; }, [&out](std::string_view part) { out += part; });
  view.thought("thought ");
  view.said("a **b** c\n- d");
  view.finish();
  EXPECT_EQ(out, "thought\na **b**\nc\n- d");
}

}  // namespace
}  // namespace nety::talk
