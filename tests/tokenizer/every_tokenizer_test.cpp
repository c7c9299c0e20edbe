// Every small tokenizer of tests/data/tokenizer against its own library.
#include <random>

#include "tests/tokenizer/golden.h"

namespace nety::tokenizer {
namespace {

class EveryTokenizer : public testing::TestWithParam<std::string> {
 protected:
  const Tokenizer tokenizer_ = tokenizer_named(GetParam());
  const GoldenJson golden_{GetParam() + ".cases.json"};
};

TEST_P(EveryTokenizer, EncodesAsItsLibraryDoes) {
  int cases = 0;
  for (const simdjson::dom::element row : items(golden_["encode"])) {
    EXPECT_EQ(tokenizer_.encode(text_of(row["text"])), ids_of(row["ids"])) << text_of(row["text"]);
    ++cases;
  }
  EXPECT_GE(cases, 100);
}

TEST_P(EveryTokenizer, ReadsSpecialTokensAsTextWhenAsked) {
  int cases = 0;
  for (const simdjson::dom::element row : items(golden_["encode"])) {
    simdjson::dom::element plain;
    if (row["plain"].get(plain) != simdjson::SUCCESS) continue;
    ++cases;
    EXPECT_EQ(
        tokenizer_.encode(text_of(row["text"]), {.add_special = false, .parse_special = false}),
        ids_of(plain))
        << text_of(row["text"]);
  }
  EXPECT_GT(cases, 0);
}

TEST_P(EveryTokenizer, DecodesAsItsLibraryDoes) {
  int cases = 0;
  for (const simdjson::dom::element row : items(golden_["decode"])) {
    const std::vector<int32_t> ids = ids_of(row["ids"]);
    EXPECT_EQ(tokenizer_.decode(ids), text_of(row["text"])) << testing::PrintToString(ids);
    EXPECT_EQ(tokenizer_.decode(ids, false), text_of(row["with_special"]))
        << testing::PrintToString(ids);
    ++cases;
  }
  EXPECT_GE(cases, 30);
}

TEST_P(EveryTokenizer, StreamsExactlyWhatItDecodes) {
  std::mt19937 random(3);
  std::uniform_int_distribution<int32_t> any(0, tokenizer_.size() - 1);
  std::uniform_int_distribution<int32_t> first(0, std::min(299, tokenizer_.size() - 1));
  StreamDecoder stream(tokenizer_);  // used again and again: finish() makes it new
  for (int round = 0; round < 500; ++round) {
    std::vector<int32_t> ids(1 + random() % 12);
    for (int32_t& id : ids) id = round % 2 == 0 ? any(random) : first(random);
    std::string text;
    for (const int32_t id : ids) {
      const std::string part = stream.push(id);
      EXPECT_TRUE(simdjson::validate_utf8(part)) << testing::PrintToString(ids);
      text += part;
    }
    text += stream.finish();
    ASSERT_EQ(text, tokenizer_.decode(ids)) << testing::PrintToString(ids);
  }
}

TEST_P(EveryTokenizer, GivesNoIdsForNothingButWhatItAddsItself) {
  EXPECT_TRUE(tokenizer_.encode("", {.add_special = false}).empty());
  for (const int32_t id : tokenizer_.encode("")) EXPECT_TRUE(tokenizer_.is_special(id));
}

TEST_P(EveryTokenizer, FindsEveryTokenByItsText) {
  for (int32_t id = 0; id < tokenizer_.size(); ++id) {
    const std::string_view text = tokenizer_.token_text(id);
    if (!text.empty()) {
      EXPECT_EQ(tokenizer_.find(text), id);
    }
  }
  EXPECT_EQ(tokenizer_.find("no such token"), -1);
  EXPECT_EQ(tokenizer_.find(""), -1);
}

INSTANTIATE_TEST_SUITE_P(Small, EveryTokenizer, testing::ValuesIn(every_tokenizer()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Byte-level tokenizers without a normaliser keep every text.
class RoundTrip : public testing::TestWithParam<const char*> {};

TEST_P(RoundTrip, KeepsEveryText) {
  const Tokenizer tokenizer = tokenizer_named(GetParam());
  const GoldenJson golden(std::string(GetParam()) + ".cases.json");
  for (const simdjson::dom::element row : items(golden["encode"])) {
    const std::string text = text_of(row["text"]);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, {.add_special = false}), false), text);
  }
}

INSTANTIATE_TEST_SUITE_P(ByteLevel, RoundTrip,
                         testing::Values("gpt2", "smollm", "llama3", "deepseek-llm"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace nety::tokenizer
