// What helps a person type: the table of commands, completion, folded pastes, history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "app/talk/attachment.h"
#include "app/talk/characters.h"
#include "app/talk/commands.h"
#include "app/talk/completion.h"
#include "app/talk/external_editor.h"
#include "app/talk/folds.h"
#include "app/talk/history_file.h"
#include "app/talk/transcript.h"
#include "core/base/files.h"
#include "tests/error_of.h"
#include "tests/paths.h"

namespace nety::talk {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> kSettings = {"temp", "top-k", "top-p"};

Names some_names() {
  return {kSettings, [] { return std::vector<std::string>{"paris", "prague"}; }};
}

TEST(ChatCommands, AreFoundByAnyOfTheirNames) {
  for (const CommandRow& row : commands()) EXPECT_EQ(find_command(row.name), &row);
  EXPECT_EQ(find_command("/quit")->id, CommandId::exit);
  EXPECT_EQ(find_command("/?")->id, CommandId::help);
  EXPECT_EQ(find_command("/nothing"), nullptr);
}

TEST(ChatCommands, AreAllInTheManual) {
  const std::string manual = read_file(test_data() + "/../../docs/chat.md");
  size_t at = 0;
  for (const CommandRow& row : commands()) {
    std::string entry = "| `" + std::string(row.name);
    if (!row.argument.empty()) entry += " " + std::string(row.argument);
    // A table's cells are divided by bars.
    for (size_t bar = entry.find('|', 2); bar != std::string::npos; bar = entry.find('|', bar + 2))
      entry.insert(bar, 1, '\\');
    const size_t found = manual.find(entry + "` |", at);
    EXPECT_NE(found, std::string::npos) << entry << ", in the table's order";
    if (found != std::string::npos) at = found;
  }
}

TEST(ChatCommands, FitTheTerminalInBothLanguages) {
  for (const Language language : {Language::kEnglish, Language::kFrench})
    for (const size_t columns : {40U, 63U, 64U, 80U, 120U}) {
      const std::string help = help_text(kSettings, columns, language);
      std::string line;
      for (const char c : help) {
        if (c != '\n') {
          line += c;
          continue;
        }
        EXPECT_LE(columns_of(line), columns) << line;
        line.clear();
      }
      for (const CommandRow& row : commands()) EXPECT_THAT(help, HasSubstr(row.name));
      EXPECT_THAT(help, HasSubstr("top-k"));
    }
}

TEST(Completion, KnowsCommandsSettingsAndSessions) {
  EXPECT_THAT(complete("/s", some_names()).choices,
              ElementsAre("/save ", "/seed ", "/set ", "/stats", "/system "));
  EXPECT_THAT(complete("/set top", some_names()).choices, ElementsAre("top-k", "top-p"));
  EXPECT_EQ(complete("/set top", some_names()).common(), "top-");
  EXPECT_EQ(complete("/set top", some_names()).begin, 5U);
  EXPECT_THAT(complete("/load pr", some_names()).choices, ElementsAre("prague"));
  EXPECT_THAT(complete("/think ", some_names()).choices, ElementsAre("hide", "off", "show"));
  EXPECT_THAT(complete("what /s", some_names()).choices, IsEmpty());
  EXPECT_THAT(complete("/clear x", some_names()).choices, IsEmpty());
  EXPECT_THAT(complete("/none x", some_names()).choices, IsEmpty());
  EXPECT_EQ(Completion({.begin = 0, .choices = {"é", "è"}}).common(), "");
}

TEST(Completion, KnowsPaths) {
  const TemporaryFolder folder;
  const std::string root = folder.path().string() + "/";
  fs::create_directory(root + "été");
  for (const char* name : {"one two", "once", ".hidden"}) write_file(root + name, "x");
  EXPECT_THAT(complete("/file " + root, some_names()).choices,
              ElementsAre(root + "once", root + "one two", root + "été/"));
  EXPECT_THAT(complete("/file " + root + "one ", some_names()).choices,
              ElementsAre(root + "one two"));
  EXPECT_THAT(complete("/export " + root + ".", some_names()).choices,
              ElementsAre(root + ".hidden"));
  EXPECT_THAT(complete("/file /no/such/folder/", some_names()).choices, IsEmpty());
}

TEST(Folds, StandForTextsOfSeveralLines) {
  Folds folds(Language::kEnglish);
  EXPECT_EQ(folds.fold("one line"), "one line");
  std::string text = "first line of it that is long";
  for (int i = 0; i < 199; ++i) text += "\nline " + std::to_string(i);
  const std::string fold = folds.fold(text);
  EXPECT_EQ(fold, "[200 lines #1: first line of it tha…]");
  EXPECT_EQ(folds.fold(text), fold);
  const std::string other = folds.fold("a\nb");
  EXPECT_EQ(folds.unfold("What is " + fold + "? [2] " + other), "What is " + text + "? [2] a\nb");
  EXPECT_EQ(folds.unfold("[200 lines #2: x]"), "[200 lines #2: x]");
  EXPECT_EQ(folds.unfold(folds.fold(std::string(5000, 'x'))), std::string(5000, 'x'));
}

TEST(Folds, TakeAnyLineEnds) {
  EXPECT_EQ(with_plain_line_ends("a\r\nb\rc\n\nd\n\n"), "a\nb\nc\n\nd");
}

TEST(HistoryFile, KeepsQuestionsOfAnyForm) {
  const TemporaryFolder folder;
  const HistoryFile file(folder.path() / "deep" / "history");
  EXPECT_THAT(file.read(10), IsEmpty());
  const std::vector<std::string> questions = {"one", "two\nlines\\n \\", "là ?", "three"};
  for (const std::string& question : questions) EXPECT_TRUE(file.add(question));
  EXPECT_EQ(file.read(10), questions);
  EXPECT_THAT(HistoryFile(file.path()).read(2), ElementsAre("là ?", "three"));
  EXPECT_EQ(fs::status(file.path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(HistoryFile, LetsNoControlCharactersOut) {
  const TemporaryFolder folder;
  const HistoryFile file(folder.path() / "history");
  std::ofstream(file.path(), std::ios::binary) << "a\x1b[31mb\n\xff\n\nc";
  EXPECT_THAT(file.read(10), ElementsAre("a\xef\xbf\xbd[31mb", "\xef\xbf\xbd", "c"));
}

TEST(HistoryFile, StaysSmall) {
  const TemporaryFolder folder;
  const HistoryFile file(folder.path() / "history");
  const std::string large(900'000, 'x');
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(file.add(large + std::to_string(i)));
  EXPECT_LE(fs::file_size(file.path()), size_t{4} << 20);
  EXPECT_EQ(file.read(100).back(), large + "8");
}

TEST(Attachment, IsTheTextInAFenceThatItCannotClose) {
  const TemporaryFolder folder;
  const std::string path = folder.file("notes.txt");
  write_file(path, "one\r\n```\ntwo\n");
  EXPECT_EQ(attachment(path), "notes.txt:\n````\none\n```\ntwo\n````\n");
  EXPECT_EQ(with_attachments(attachment(path), "Why?"),
            "notes.txt:\n````\none\n```\ntwo\n````\n\nWhy?");
  EXPECT_EQ(with_attachments("", "Why?"), "Why?");
  for (const char* bytes : {"a\xff", "\xc3"}) {
    write_file(path, bytes);
    EXPECT_EQ(error_of([&] { attachment(path); }).kind(), ErrorKind::kUsage);
  }
  write_file(path, std::string("a\0b", 3));
  EXPECT_EQ(error_of([&] { attachment(path); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { attachment("/no/such/file"); }).kind(), ErrorKind::kIo);
}

TEST(ExternalEditor, GivesWhatItLeft) {
  ::unsetenv("VISUAL");
  ::setenv("EDITOR", "sed -i s/one/two/", 1);
  EXPECT_EQ(edited("one line\nand one"), "two line\nand two");
  ::setenv("EDITOR", "false", 1);
  EXPECT_EQ(error_of([] { edited("x"); }).kind(), ErrorKind::kUsage);
  ::setenv("VISUAL", "/no/such/editor", 1);
  EXPECT_THAT(error_of([] { edited("x"); }).what(), HasSubstr("/no/such/editor"));
}

TEST(Transcript, IsMarkdownOrJson) {
  const About about{.model = "tiny",
                    .mode = "fp32",
                    .backend = "native",
                    .created_utc = "2026-01-31T12:00:00Z",
                    .system = "Be brief."};
  const std::vector<chat::Message> turns = {{"user", "Why?"}, {"assistant", "So.", "hm\nhm", "x"}};
  EXPECT_EQ(as_markdown(about, turns),
            "# tiny\n\nMode fp32, native, 2026-01-31T12:00:00Z\n\n## System\n\nBe brief.\n\n"
            "## User\n\nWhy?\n\n## Assistant\n\n> hm\n> hm\n\nSo.\n");
  EXPECT_THAT(as_json(about, turns), HasSubstr(R"("role": "assistant",
      "content": "So.",
      "thinking": "hm\nhm")"));
  const TemporaryFolder folder;
  write_transcript(folder.file("x.md"), about, turns);
  EXPECT_EQ(read_file(folder.file("x.md")), as_markdown(about, turns));
  write_transcript(folder.file("x.json"), about, turns);
  EXPECT_EQ(read_file(folder.file("x.json")), as_json(about, turns));
  EXPECT_EQ(error_of([&] { write_transcript(folder.file("x.txt"), about, turns); }).kind(),
            ErrorKind::kUsage);
}

}  // namespace
}  // namespace nety::talk
