// The list of options: whoever visits it sees all of them, with what the list says of each.
#include "core/options/run_options.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/options/json.h"
#include "tests/options/another_value.h"

namespace nety::options {
namespace {

RunOptions all_changed() {
  RunOptions options;
  visit(options, [](const OptionRow&, auto& value) { value = another_value(value); });
  return options;
}

TEST(RunOptions, HaveNamesAndFlagsOfTheirOwn) {
  std::set<std::string_view> names, flags;
  const RunOptions options;
  visit(options, [&](const OptionRow& row, const auto& value) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(flags.insert(row.flag).second) << row.flag;
    EXPECT_TRUE(row.flag.starts_with("--")) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_NE(row.roles, 0U) << row.name;
    if constexpr (WordSet<std::remove_cvref_t<decltype(value)>>) {
      EXPECT_EQ(row.values.kind, Values::Kind::kWords) << row.name;
    }
    if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, int64_t>) {
      EXPECT_EQ(row.values.kind, Values::Kind::kRange) << row.name;
      EXPECT_LE(row.values.least, value) << row.name;
      EXPECT_LT(row.values.least, row.values.most) << row.name;
    }
  });
}

TEST(RunOptions, SurviveATripThroughJson) {
  nlohmann::json json = {{"model", "m"}};
  write(all_changed(), json);
  EXPECT_EQ(json.at("model"), "m");
  RunOptions back;
  read(nlohmann::json::parse(json.dump()), back);
  EXPECT_EQ(back, all_changed());
}

TEST(RunOptions, KeepWhatJsonDoesNotSay) {
  RunOptions options = all_changed();
  read({{"threads", 7}, {"kv", ""}, {"of_a_later_version", 1}}, options);
  RunOptions expected = all_changed();
  expected.threads = 7;
  EXPECT_EQ(options, expected);
}

TEST(RunOptions, RefuseWhatTheyCannotBe) {
  RunOptions options;
  for (const char* text : {R"({"kv":"int3"})", R"({"head":"int3"})", R"({"threads":"two"})",
                           R"({"mode":4})", R"({"compute":true})"})
    EXPECT_THROW(read(nlohmann::json::parse(text), options), Error) << text;
  EXPECT_EQ(options, RunOptions());
}

TEST(RunOptions, AreConditionsWhereTheyChangeFiguresAndAreNotTheUsual) {
  EXPECT_TRUE(conditions({}).empty());
  EXPECT_TRUE(
      conditions({.mode = "nf4", .backend = "torch", .device = "cuda:1", .context = 512}).empty());
  EXPECT_EQ(conditions({.kv = KvType::kBf16, .threads = 1}),
            (std::map<std::string, std::string>{{"kv", "bf16"}, {"threads", "1"}}));
  EXPECT_EQ(conditions({.head = HeadType::kSameAsLayers, .isa = "avx2"}),
            (std::map<std::string, std::string>{{"head", "mode"}, {"isa", "avx2"}}));
}

TEST(RunOptions, AreReadFromTheirOwnText) {
  RunOptions back;
  std::map<std::string_view, std::string> texts;
  const RunOptions changed = all_changed();
  visit(changed,
        [&](const OptionRow& row, const auto& value) { texts[row.name] = text_of(value); });
  visit(back, [&](const OptionRow& row, auto& value) {
    EXPECT_TRUE(read_text(texts.at(row.name), value)) << row.name;
  });
  EXPECT_EQ(back, changed);
  EXPECT_FALSE(read_text("int3", back.kv));
  EXPECT_FALSE(read_text("2x", back.threads));
}

TEST(WordSets, AreTheWordsOfTheCommandLine) {
  EXPECT_EQ(member_of<HeadType>("mode"), HeadType::kSameAsLayers);
  EXPECT_EQ(member_of<ComputeType>(""), ComputeType::kUsual);
  EXPECT_EQ(member_of<KvType>("bf16"), KvType::kBf16);
  EXPECT_EQ(member_of<KvType>("int3"), std::nullopt);
  EXPECT_EQ(text_of(HeadType::kBf16), "bf16");
}

}  // namespace
}  // namespace nety::options
