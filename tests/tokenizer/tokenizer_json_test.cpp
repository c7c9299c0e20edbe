// Damaged and unsupported tokenizer.json files: each a short error naming the place.
#include <fmt/core.h>

#include "tests/tokenizer/golden.h"

namespace nety::tokenizer {
namespace {

/// A small valid file; parts of it are replaced by the tests.
std::string small() {
  return R"({"version":"1.0","added_tokens":[{"id":4,"content":"<s>","special":true}],
    "normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
    "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},
      {"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[4]}}},
    "decoder":{"type":"ByteLevel"},
    "model":{"type":"BPE","dropout":null,"unk_token":null,
      "vocab":{"a":0,"b":1,"ab":2,"c":3},"merges":["a b"]}})";
}

std::string changed(std::string_view from, std::string_view to) {
  std::string json = small();
  const size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

void refused(const std::string& json, std::vector<std::string> parts) {
  SCOPED_TRACE(json.substr(0, 2000));
  parts.emplace_back("m/tokenizer.json: ");
  expect_error([&] { Tokenizer::from_json(json, "m/tokenizer.json"); }, ErrorKind::kCheckpoint,
               parts);
}

TEST(TokenizerJson, ReadsASmallFile) {
  const Tokenizer tokenizer = Tokenizer::from_json(small(), "m/tokenizer.json");
  EXPECT_EQ(tokenizer.size(), 5);
  EXPECT_EQ(tokenizer.encode("abc<s>b"), (std::vector<int32_t>{4, 2, 3, 4, 1}));
  EXPECT_EQ(tokenizer.encode("abc", {.add_special = false}), (std::vector<int32_t>{2, 3}));
  EXPECT_TRUE(tokenizer.is_special(4));
  EXPECT_FALSE(tokenizer.is_special(3));
  EXPECT_FALSE(tokenizer.is_special(-1));
  EXPECT_FALSE(tokenizer.is_special(1 << 30));
}

TEST(TokenizerJson, ReadsMergesAsPairsToo) {
  const Tokenizer tokenizer =
      Tokenizer::from_json(changed(R"("a b")", R"(["a","b"])"), "m/tokenizer.json");
  EXPECT_EQ(tokenizer.encode("ab", {.add_special = false}), std::vector<int32_t>{2});
}

TEST(TokenizerJson, RefusesWhatIsNotJson) {
  for (const char* text : {"", " ", "{", "[1,", "nonsense", "\xff\xfe", "{\"model\":}"})
    refused(text, {"is not JSON"});
  refused(small().substr(0, 300), {"is not JSON"});
  refused("[]", {"is not an object"});
  refused("7", {"is not an object"});
  refused("{}", {"\"model\" is missing"});
}

TEST(TokenizerJson, RefusesDeepNestingWithoutCrashing) {
  constexpr size_t kDepth = 10'000'000;
  refused(std::string(kDepth, '['), {"is not JSON"});
  std::string objects;
  for (size_t i = 0; i < kDepth / 10; ++i) objects += "{\"a\":";
  refused(objects, {"is not JSON"});
}

TEST(TokenizerJson, RefusesDeepSequences) {
  std::string json = R"({"type":"NFC"})";
  for (int i = 0; i < 300; ++i) json = R"({"type":"Sequence","normalizers":[)" + json + "]}";
  const Tokenizer tokenizer = Tokenizer::from_json(
      changed(R"("normalizer":null)", R"("normalizer":)" + json), "m/tokenizer.json");
  EXPECT_EQ(tokenizer.encode("a", {.add_special = false}), std::vector<int32_t>{0});
}

TEST(TokenizerJson, RefusesWrongTypesNamingThePlace) {
  refused(changed(R"("version":"1.0",)", R"("model":7,)"), {"model: is not an object"});
  refused(changed(R"({"a":0,"b":1,"ab":2,"c":3})", "[]"), {"model.vocab: is not an object"});
  refused(changed(R"({"a":0,"b":1,"ab":2,"c":3})", "{}"), {"model.vocab: is empty"});
  refused(changed(R"("b":1)", R"("b":"1")"), {"model.vocab: token \"b\" has no integer id"});
  refused(changed(R"("b":1)", R"("b":1.5)"), {"token \"b\""});
  refused(changed(R"(["a b"])", R"("a b")"), {"model.merges: is not an array"});
  refused(changed(R"("a b")", "7"), {"model.merges: entry 0 is not a pair"});
  refused(changed(R"("added_tokens":[)", R"("added_tokens":[7,)"),
          {"added_tokens[0]: is not an object"});
  refused(changed(R"("special":true)", R"("special":"yes")"),
          {"added_tokens[0].special: is neither true nor false"});
  refused(changed(R"("content":"<s>")", R"("content":null)"),
          {"added_tokens[0]: \"content\" is missing"});
  refused(changed(R"("content":"<s>")", R"("content":"")"), {"\"content\" is empty"});
  refused(changed(R"("type":"BPE",)", R"("type":["BPE"],)"), {"model.type: is not a string"});
  refused(changed(R"("single":[)", R"("single":{},"x":[)"),
          {"post_processor.single: is not an array"});
  refused(changed(R"("type":"ByteLevel","add_prefix_space":false)", R"("type":"Split")"),
          {"pre_tokenizer: \"pattern\" is missing"});
}

TEST(TokenizerJson, RefusesIdsAndTokensThatContradictEachOther) {
  refused(changed(R"("b":1)", R"("b":0)"), {"token \"b\", id 0", "twice"});
  refused(changed(R"("b":1)", R"("a":1)"), {"token \"a\", id 1", "twice"});
  refused(changed(R"("b":1)", R"("b":-1)"), {"token \"b\" has the id -1"});
  refused(changed(R"("b":1)", R"("b":99999999999)"), {"the id 99999999999"});
  refused(changed(R"("id":4,"content":"<s>")", R"("id":4000000000,"content":"<s>")"),
          {"added_tokens[0]", "4000000000"});
  refused(changed(R"("id":4,"content":"<s>")", R"("id":3,"content":"<s>")"),
          {"token \"<s>\" has the id 3, which is that of \"c\""});
  refused(changed(R"("ids":[4])", R"("ids":[5])"), {"ids[0]: 5 is not a token id"});
  refused(changed(R"("ids":[4])", R"("ids":[-1])"), {"-1 is not a token id"});
  refused(changed(R"("special_tokens":{"<s>")", R"("special_tokens":{"<t>")"),
          {"special_tokens: \"<s>\" is missing"});
}

TEST(TokenizerJson, RefusesMergesOfTokensThatDoNotExist) {
  refused(changed(R"("a b")", R"("a nosuch")"), {"entry 0 names \"nosuch\", which is not a token"});
  refused(changed(R"("a b")", R"("b a")"), {"entry 0 names \"ba\""});
  refused(changed(R"("a b")", R"("ab")"), {"entry 0 is not a pair"});
  refused(changed(R"("a b")", R"("a  b")"), {"entry 0 is not a pair"});
  refused(changed(R"("a b")", R"(["a","b","c"])"), {"entry 0 is not a pair"});
}

TEST(TokenizerJson, RefusesModelsItDoesNotKnow) {
  refused(changed(R"("type":"BPE")", R"("type":"Unigram")"),
          {"model: the model \"Unigram\" is not supported"});
  refused(changed(R"("dropout":null)", R"("dropout":0.1)"), {"model.dropout: 0.1"});
  refused(changed(R"("dropout":null)", R"("end_of_word_suffix":"</w>")"), {"\"</w>\""});
  refused(changed(R"("dropout":null)", R"("continuing_subword_prefix":"##")"), {"\"##\""});
  refused(changed(R"("unk_token":null)", R"("unk_token":"?")"), {"\"?\" is not a token"});
  refused(changed(R"("type":"TemplateProcessing")", R"("type":"BertProcessing")"),
          {"post_processor: the post-processor \"BertProcessing\""});
}

TEST(TokenizerJson, DecodesIdsBeyondTheVocabularyToNothing) {
  const Tokenizer tokenizer = Tokenizer::from_json(small(), "m/tokenizer.json");
  const std::string zero = tokenizer.decode(std::vector<int32_t>{0, 0});
  for (const int32_t id : {5, 1 << 30})
    EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{0, id, 0}), zero);
  expect_error(
      [&] {
        tokenizer.decode(std::vector<int32_t>{0, -1});
      },
      ErrorKind::kUsage, {"-1 is not a token id", "5 tokens"});
  expect_error([&] { (void)tokenizer.token_text(5); }, ErrorKind::kUsage,
               {"5 is not a token id", "5 tokens"});
}

TEST(TokenizerJson, LeavesGapsInTheIdsEmpty) {
  const Tokenizer tokenizer = Tokenizer::from_json(
      changed(R"("id":4,"content":"<s>")", R"("id":40,"content":"</s>")").replace(0, 0, ""),
      "m/tokenizer.json");
  EXPECT_EQ(tokenizer.size(), 41);
  EXPECT_EQ(tokenizer.token_text(20), "");
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{0, 20, 1}), "ab");
}

}  // namespace
}  // namespace nety::tokenizer
