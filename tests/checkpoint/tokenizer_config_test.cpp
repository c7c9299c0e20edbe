// What the files beside tokenizer.json add; values as transformers 5.24 has them.
#include "core/checkpoint/tokenizer_config.h"

#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

class TokenizerConfigFiles : public testing::Test {
 protected:
  TokenizerConfig read(const std::string& config) {
    folder_.put("tokenizer_config.json", config);
    return read_tokenizer_config(folder_.path());
  }
  static std::vector<std::string> texts(const TokenizerConfig& config) {
    std::vector<std::string> list;
    for (const NamedToken& token : config.added) list.push_back(token.content);
    return list;
  }
  using Texts = std::vector<std::string>;
  TempFolder folder_;
};

TEST_F(TokenizerConfigFiles, MayAllBeMissing) {
  const TokenizerConfig config = read_tokenizer_config(folder_.path());
  EXPECT_FALSE(config.there);
  EXPECT_FALSE(config.bos || config.eos);
  EXPECT_TRUE(config.added.empty());
}

TEST_F(TokenizerConfigFiles, AreReadInTheOrderOfTransformers) {
  const TokenizerConfig config = read(R"({"model_max_length": 1000000000000000019884624838656,
      "extra_special_tokens": ["<e>"], "additional_special_tokens": ["<older>"],
      "image_token": "<i>",
      "mask_token": {"__type": "AddedToken", "content": "<m>", "lstrip": true},
      "pad_token": null, "eos_token": "</s>", "add_bos_token": true, "nothing": Infinity,
      "added_tokens_decoder": {"10": {"content": "<ten>", "special": true},
                               "9": {"content": "nine", "special": false, "rstrip": true}}})");
  EXPECT_EQ(texts(config), (Texts{"nine", "<ten>", "</s>", "<m>", "<i>", "<e>"}));
  EXPECT_FALSE(config.bos.has_value());
  ASSERT_TRUE(config.eos.has_value());
  EXPECT_EQ(config.eos->place, "tokenizer_config.json eos_token");
  EXPECT_FALSE(config.added[0].special);
  EXPECT_TRUE(config.added[0].rstrip && config.added[0].normalized);
  EXPECT_TRUE(config.added[3].special && config.added[3].lstrip && config.added[3].if_new);
  EXPECT_FALSE(config.added[0].if_new || config.added[1].if_new);
}

TEST_F(TokenizerConfigFiles, LeaveOlderFilesToOlderFolders) {
  folder_.put("special_tokens_map.json",
              R"({"bos_token": "<b>", "additional_special_tokens": ["<x>"]})");
  folder_.put("added_tokens.json", R"({"<x>": 6, "word": 5})");
  const TokenizerConfig older = read(R"({"bos_token": "<s>"})");
  EXPECT_EQ(older.bos->content, "<b>");
  EXPECT_EQ(texts(older), (Texts{"word", "<x>", "<b>", "<x>"}));
  EXPECT_FALSE(older.added[0].special);
  EXPECT_TRUE(older.added[1].special);
  const TokenizerConfig newer = read(R"({"bos_token": "<s>", "added_tokens_decoder": {}})");
  EXPECT_EQ(newer.bos->content, "<s>");
  EXPECT_EQ(texts(newer), (Texts{"<s>"}));
}

TEST_F(TokenizerConfigFiles, FallBackToTheTokenizersClass) {
  EXPECT_EQ(read(R"({"tokenizer_class": "GPT2TokenizerFast"})").bos->content, "<|endoftext|>");
  EXPECT_EQ(read(R"({"tokenizer_class": "GemmaTokenizer"})").eos->content, "<eos>");
  EXPECT_FALSE(read(R"({"tokenizer_class": "Qwen2Tokenizer"})").bos.has_value());
  EXPECT_FALSE(read(R"({"tokenizer_class": "PreTrainedTokenizerFast"})").bos.has_value());
  EXPECT_EQ(read(R"({"tokenizer_class": "GPT2Tokenizer", "bos_token": "<b>"})").bos->content,
            "<b>");
}

TEST_F(TokenizerConfigFiles, AreRefusedByKeyWhereTheyHaveAnotherForm) {
  const auto refused = [&](const std::string& config, const std::vector<std::string>& parts) {
    expect_error([&] { read(config); }, ErrorKind::kCheckpoint, parts);
  };
  refused(R"({"added_tokens_decoder": [1]})", {"tokenizer_config.json", "added_tokens_decoder"});
  refused(R"({"added_tokens_decoder": {"x": {"content": "a"}}})", {"added_tokens_decoder.x"});
  refused(R"({"added_tokens_decoder": {"3": 4}})", {"added_tokens_decoder.3"});
  refused(R"({"extra_special_tokens": [1]})", {"extra_special_tokens"});
  refused(R"({"extra_special_tokens": 5})", {"extra_special_tokens"});
  refused("[1, 2", {"tokenizer_config.json", "JSON"});
}

}  // namespace
}  // namespace nety::checkpoint
