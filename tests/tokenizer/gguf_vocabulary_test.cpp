// Tokenizers from GGUF metadata: the same ids as from tokenizer.json, and SentencePiece's own.
#include <limits>

#include "core/tokenizer/gguf_pre_tokenizers.h"
#include "tests/tokenizer/golden.h"

namespace nety::tokenizer {
namespace {

struct Named {
  const char* tokenizer;
  const char* pre;
};

class EveryGgufPreTokenizer : public testing::TestWithParam<Named> {};

TEST_P(EveryGgufPreTokenizer, GivesTheIdsOfTokenizerJson) {
  const auto& [name, pre] = GetParam();
  const Tokenizer tokenizer = Tokenizer::from_gguf(gguf_of(name, pre));
  const GoldenJson golden(std::string(name) + ".cases.json");
  const Tokenizer reference = tokenizer_named(name);
  for (const simdjson::dom::element row : items(golden["encode"])) {
    const std::string text = text_of(row["text"]);
    const std::vector<int32_t> ids = tokenizer.encode(text, {.add_special = false});
    EXPECT_EQ(ids, reference.encode(text, {.add_special = false})) << text;
    EXPECT_EQ(tokenizer.decode(ids, false), reference.decode(ids, false)) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryGgufPreTokenizer,
                         testing::Values(Named{"gpt2", "gpt-2"}, Named{"smollm", "smollm"},
                                         Named{"llama3", "llama-bpe"}, Named{"qwen2", "qwen2"},
                                         Named{"o200k", "gpt-4o"},
                                         Named{"deepseek-llm", "deepseek-llm"}),
                         [](const auto& test) {
                           std::string name = test.param.tokenizer;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

GgufVocabulary sentencepiece() {
  const GoldenJson json("sentencepiece.json");
  GgufVocabulary gguf;
  gguf.model = "llama";
  gguf.source = "llama.gguf";
  static const std::vector<std::string> texts = texts_of(json["tokens"]);
  gguf.tokens.assign(texts.begin(), texts.end());
  for (const simdjson::dom::element score : items(json["scores"]))
    gguf.scores.push_back(static_cast<float>(double(score)));
  gguf.token_types = ids_of(json["types"]);
  return gguf;
}

TEST(SentencePiece, EncodesAsSentencePieceDoes) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(sentencepiece());
  const GoldenJson json("sentencepiece.json");
  int cases = 0;
  for (const simdjson::dom::element row : items(json["encode"])) {
    const std::string text = text_of(row["text"]);
    EXPECT_EQ(tokenizer.encode(text, {.add_special = false}), ids_of(row["ids"])) << text;
    ++cases;
  }
  EXPECT_GE(cases, 80);
}

TEST(SentencePiece, KeepsEveryTextWithoutItsOwnSpaceMark) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(sentencepiece());
  const GoldenJson json("sentencepiece.json");
  for (const simdjson::dom::element row : items(json["encode"])) {
    const std::string text = text_of(row["text"]);
    if (text.find("\xe2\x96\x81") != std::string::npos) continue;
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(SentencePiece, GivesTheIdsOfTokenizerJson) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(sentencepiece());
  const Tokenizer reference = tokenizer_named("llama2");
  const GoldenJson golden("llama2.cases.json");
  for (const simdjson::dom::element row : items(golden["encode"])) {
    const std::string text = text_of(row["text"]);
    const std::vector<int32_t> ids = tokenizer.encode(text);
    EXPECT_EQ(ids, reference.encode(text)) << text;
    EXPECT_EQ(tokenizer.decode(ids), reference.decode(ids)) << text;
  }
}

TEST(SentencePiece, AddsBosUnlessToldNot) {
  EXPECT_EQ(Tokenizer::from_gguf(sentencepiece()).encode(""), std::vector<int32_t>{1});
  GgufVocabulary without = sentencepiece();
  without.add_bos = false;
  without.add_eos = true;
  EXPECT_EQ(Tokenizer::from_gguf(std::move(without)).encode(""), std::vector<int32_t>{2});
}

TEST(SentencePiece, LeavesOutTheSpaceInFrontWhenToldSo) {
  GgufVocabulary gguf = sentencepiece();
  gguf.add_space_prefix = false;
  const Tokenizer tokenizer = Tokenizer::from_gguf(std::move(gguf));
  const auto with_space = Tokenizer::from_gguf(sentencepiece()).encode("lamp");
  EXPECT_EQ(tokenizer.encode(" lamp"), with_space);
  EXPECT_NE(tokenizer.encode("lamp"), with_space);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(" lamp")), " lamp");
}

TEST(GgufVocabulary, AddsBosForLlama3WhereTheFileDoesNotSay) {
  GgufVocabulary gguf = gguf_of("llama3", "llama-bpe");
  gguf.bos_id = Tokenizer::from_gguf(gguf).find("<s>");
  ASSERT_GE(gguf.bos_id, 0);
  EXPECT_EQ(Tokenizer::from_gguf(gguf).encode(""), std::vector<int32_t>{gguf.bos_id});
  gguf.add_bos = false;
  EXPECT_TRUE(Tokenizer::from_gguf(gguf).encode("").empty());
  GgufVocabulary smollm = gguf_of("smollm", "smollm");
  smollm.bos_id = 1;
  EXPECT_TRUE(Tokenizer::from_gguf(smollm).encode("").empty());
}

TEST(GgufVocabulary, KnowsTheNamesThatFilesUse) {
  for (const char* name : {"gpt-2", "llama-bpe", "llama3", "llama-v3", "smollm", "qwen2",
                           "deepseek-llm", "deepseek-coder", "starcoder"})
    EXPECT_NE(find_gguf_pre_tokenizer(name), nullptr) << name;
  EXPECT_EQ(find_gguf_pre_tokenizer("default"), nullptr);
}

TEST(GgufVocabulary, RefusesWhatItDoesNotKnowByName) {
  const auto make = [](auto change) {
    GgufVocabulary gguf = gguf_of("gpt2", "gpt-2");
    change(gguf);
    return [gguf] { Tokenizer::from_gguf(gguf); };
  };
  const auto kind = ErrorKind::kCheckpoint;
  expect_error(make([](auto& g) { g.pre = "default"; }), kind,
               {"gpt2.gguf", "tokenizer.ggml.pre", "\"default\"", "smollm"});
  expect_error(make([](auto& g) { g.pre = ""; }), kind, {"tokenizer.ggml.pre is missing"});
  expect_error(make([](auto& g) { g.model = "t5"; }), kind, {"tokenizer.ggml.model", "\"t5\""});
  expect_error(make([](auto& g) { g.model = ""; }), kind, {"tokenizer.ggml.model", "\"\""});
}

TEST(GgufVocabulary, RefusesVocabulariesThatContradictThemselves) {
  const auto make = [](auto change) {
    GgufVocabulary gguf = gguf_of("gpt2", "gpt-2");
    change(gguf);
    return [gguf] { Tokenizer::from_gguf(gguf); };
  };
  const auto kind = ErrorKind::kCheckpoint;
  expect_error(make([](auto& g) {
                 g.tokens.clear();
                 g.token_types.clear();
               }),
               kind, {"tokenizer.ggml.tokens is empty"});
  expect_error(make([](auto& g) { g.tokens[7] = g.tokens[9]; }), kind,
               {"tokenizer.ggml.tokens[9]", "twice"});
  expect_error(make([](auto& g) { g.token_types.pop_back(); }), kind,
               {"tokenizer.ggml.token_type", "699 entries for 700 tokens"});
  expect_error(make([](auto& g) { g.merges.clear(); }), kind, {"tokenizer.ggml.merges is missing"});
  expect_error(make([](auto& g) { g.merges[3] = "onlyone"; }), kind,
               {"tokenizer.ggml.merges[3]", "\"onlyone\""});
  expect_error(make([](auto& g) { g.merges[4] = ""; }), kind, {"tokenizer.ggml.merges[4]"});
  expect_error(make([](auto& g) { g.merges[3] = "a nosuchtoken"; }), kind,
               {"tokenizer.ggml.merges[3]", "\"nosuchtoken\""});
  expect_error(make([](auto& g) { g.merges[3] = "\xff\x01 a"; }), kind, {"\\xff\\x01"});
  expect_error(make([](auto& g) {
                 g.add_bos = true;
                 g.bos_id = 700;
               }),
               kind, {"tokenizer.ggml.bos_token_id is 700"});
  expect_error(make([](auto& g) { g.add_eos = true; }), kind,
               {"tokenizer.ggml.eos_token_id is -1"});
}

TEST(SentencePiece, IsReadWithoutScoresAndWithIdsThatAreNoTokensAsLlamaCppDoes) {
  GgufVocabulary gguf = sentencepiece();
  gguf.scores.clear();
  gguf.bos_id = 1 << 30;
  gguf.eos_id = 1 << 30;
  gguf.add_eos = true;
  EXPECT_EQ(Tokenizer::from_gguf(std::move(gguf)).encode(""), (std::vector<int32_t>{1, 2}));
}

TEST(SentencePiece, RefusesVocabulariesThatContradictThemselves) {
  const auto make = [](auto change) {
    GgufVocabulary gguf = sentencepiece();
    change(gguf);
    return [gguf] { Tokenizer::from_gguf(gguf); };
  };
  const auto kind = ErrorKind::kCheckpoint;
  expect_error(make([](auto& g) { g.scores.pop_back(); }), kind,
               {"tokenizer.ggml.scores", "entries for"});
  expect_error(make([](auto& g) { g.scores[5] = std::numeric_limits<float>::quiet_NaN(); }), kind,
               {"tokenizer.ggml.scores[5]"});
  expect_error(make([](auto& g) { g.unknown_id = 1 << 30; }), kind,
               {"tokenizer.ggml.unknown_token_id"});
}

}  // namespace
}  // namespace nety::tokenizer
