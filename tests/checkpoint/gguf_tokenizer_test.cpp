// tokenizer.json made from GGUF metadata. That the `tokenizers` library reads it as meant is
// checked by compare_tokenizers.py; here: its form, and what cannot be made.
#include "core/checkpoint/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/checkpoint/gguf_vocabulary.h"
#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

using Json = nlohmann::json;

std::string types(const std::vector<int32_t>& values) {
  return bytes_of(uint32_t{5}) + bytes_of(uint64_t{values.size()}) + bytes_of_all(values);
}

class GgufTokenizer : public testing::Test {
 protected:
  MadeTokenizer make(const MadeGguf& made) {
    return make_tokenizer(Checkpoint::open(folder_.put("model.gguf", made.bytes())));
  }
  MadeGguf byte_level(const std::string& pre) {
    MadeGguf made = TinyModel().gguf();
    made.add_string("tokenizer.ggml.model", "gpt2");
    made.add_string("tokenizer.ggml.pre", pre);
    made.add_strings("tokenizer.ggml.tokens", {"a", "Ġ", "Ġa", "<|\"end\"\n|>"});
    made.add("tokenizer.ggml.token_type", 9, types({1, 1, 1, 3}));
    made.add_strings("tokenizer.ggml.merges", {"Ġ a"});
    made.add_u32("tokenizer.ggml.eos_token_id", 3);
    made.add_string("tokenizer.chat_template", "{{ \"x\" }}\n");
    return made;
  }
  MadeGguf sentencepiece() {
    MadeGguf made = TinyModel().gguf();
    made.add_string("tokenizer.ggml.model", "llama");
    made.add_strings("tokenizer.ggml.tokens",
                     {"<unk>", "<s>", "</s>", "<0x0A>", "▁a", "▁", "a", "ab", "b", "▁ab"});
    made.add("tokenizer.ggml.scores", 9,
             bytes_of(uint32_t{6}) + bytes_of(uint64_t{10}) +
                 bytes_of_all<float>({0, 0, 0, 0, -1, -4, -5, -2, -6, -3}));
    made.add("tokenizer.ggml.token_type", 9, types({2, 3, 3, 6, 1, 1, 1, 1, 1, 1}));
    made.add_u32("tokenizer.ggml.bos_token_id", 1);
    made.add_u32("tokenizer.ggml.eos_token_id", 2);
    return made;
  }
  TempFolder folder_;
};

TEST_F(GgufTokenizer, WritesByteLevelBpe) {
  const MadeTokenizer made = make(byte_level("smollm"));
  ASSERT_EQ(made.problem, "");
  const Json json = Json::parse(made.tokenizer_json);
  EXPECT_EQ(json["model"]["type"], "BPE");
  EXPECT_EQ(json["model"]["vocab"], (Json{{"a", 0}, {"Ġ", 1}, {"Ġa", 2}, {"<|\"end\"\n|>", 3}}));
  EXPECT_EQ(json["model"]["merges"], Json::parse(R"([["Ġ","a"]])"));
  EXPECT_EQ(json["added_tokens"].size(), 1U);
  EXPECT_EQ(json["added_tokens"][0]["content"], "<|\"end\"\n|>");
  EXPECT_EQ(json["added_tokens"][0]["special"], true);
  EXPECT_EQ(json["pre_tokenizer"]["pretokenizers"][0]["type"], "Digits");
  EXPECT_TRUE(json["post_processor"].is_null());
  const Json config = Json::parse(made.tokenizer_config_json);
  EXPECT_EQ(config["eos_token"], "<|\"end\"\n|>");
  EXPECT_EQ(config["chat_template"], "{{ \"x\" }}\n");
  EXPECT_FALSE(config.contains("bos_token"));
}

TEST_F(GgufTokenizer, KnowsWhichPreTokenisersAddABos) {
  MadeGguf llama3 = byte_level("llama-bpe");
  llama3.add_u32("tokenizer.ggml.bos_token_id", 3);
  const Json json = Json::parse(make(llama3).tokenizer_json);
  EXPECT_EQ(json["model"]["ignore_merges"], true);
  EXPECT_EQ(json["post_processor"]["single"][0]["SpecialToken"]["id"], "<|\"end\"\n|>");
  EXPECT_EQ(json["post_processor"]["special_tokens"]["<|\"end\"\n|>"]["ids"], Json{3});
  EXPECT_EQ(json["pre_tokenizer"]["pretokenizers"][0]["type"], "Split");
  EXPECT_EQ(Json::parse(make(byte_level("qwen2")).tokenizer_json)["normalizer"]["type"], "NFC");
}

TEST_F(GgufTokenizer, WritesSentencePieceBpe) {
  const MadeTokenizer made = make(sentencepiece());
  ASSERT_EQ(made.problem, "");
  const Json json = Json::parse(made.tokenizer_json);
  EXPECT_EQ(json["model"]["byte_fallback"], true);
  EXPECT_EQ(json["model"]["unk_token"], "<unk>");
  EXPECT_EQ(json["normalizer"]["normalizers"][0]["prepend"], "▁");
  EXPECT_EQ(json["post_processor"]["single"][0]["SpecialToken"]["id"], "<s>");
  // Best score first: "▁a" -1, "ab" -2, "▁ab" -3 in its two ways, the longer left part first.
  EXPECT_EQ(json["model"]["merges"], Json::parse(R"([["▁","a"],["a","b"],["▁a","b"],["▁","ab"]])"));
}

TEST_F(GgufTokenizer, SaysWhyThereIsNone) {
  EXPECT_NE(make(TinyModel().gguf()).problem.find("no vocabulary"), std::string::npos);
  EXPECT_NE(make(byte_level("viking")).problem.find("viking"), std::string::npos);
  MadeGguf wordpiece = TinyModel().gguf();
  wordpiece.add_string("tokenizer.ggml.model", "bert");
  wordpiece.add_strings("tokenizer.ggml.tokens", {"a"});
  EXPECT_NE(make(wordpiece).problem.find("bert"), std::string::npos);
  MadeGguf twice = TinyModel().gguf();
  twice.add_string("tokenizer.ggml.model", "llama");
  twice.add_strings("tokenizer.ggml.tokens", {"a", "a"});
  EXPECT_NE(make(twice).problem.find("twice"), std::string::npos);
  MadeGguf bytes = TinyModel().gguf();
  bytes.add_strings("tokenizer.ggml.tokens", {"\xff"});
  EXPECT_NE(make(bytes).problem.find("UTF-8"), std::string::npos);
  MadeGguf scoreless = TinyModel().gguf();
  scoreless.add_string("tokenizer.ggml.model", "llama");
  scoreless.add_strings("tokenizer.ggml.tokens", {"a"});
  EXPECT_NE(make(scoreless).problem.find("score"), std::string::npos);
}

}  // namespace
}  // namespace nety::checkpoint
