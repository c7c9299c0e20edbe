// What files state of generation: ids by place, sampling, what cannot be used, and what is written
// of it into a directory of ours.
#include "core/checkpoint/stated.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "core/checkpoint/written_config.h"
#include "made_files.h"

namespace nety::checkpoint {
namespace {

/// "PLACE 1 2; PLACE 3"
std::string text_of(const std::vector<StatedIds>& stated) {
  std::string text;
  for (const StatedIds& one : stated) {
    text += (text.empty() ? "" : "; ") + one.place;
    for (const int64_t id : one.ids) text += " " + std::to_string(id);
  }
  return text;
}

class Stated : public testing::Test {
 protected:
  Checkpoint directory(const std::string& config, const std::string& generation) {
    folder_.put("tokenizer.json", "{}");
    folder_.put("config.json", config);
    if (!generation.empty()) folder_.put("generation_config.json", generation);
    return Checkpoint::open_vocabulary(folder_.path());
  }
  TempFolder folder_;
};

TEST_F(Stated, ComesFromGenerationConfigFirst) {
  const Checkpoint checkpoint =
      directory(R"({"bos_token_id": 1, "eos_token_id": 2})",
                R"({"eos_token_id": [7, 8], "top_k": 50, "top_p": 0.9, "temperature": 0.6,
                    "repetition_penalty": 1.1, "typical_p": 0.8})");
  const StatedTokens tokens = stated_tokens(checkpoint);
  EXPECT_EQ(text_of(tokens.bos), "config.json bos_token_id 1");
  EXPECT_EQ(text_of(tokens.eos),
            "generation_config.json eos_token_id 7 8; config.json eos_token_id 2");
  const StatedSampling sampling = stated_sampling(checkpoint);
  EXPECT_EQ(sampling.temperature, 0.6);
  EXPECT_EQ(sampling.top_p, 0.9);
  EXPECT_EQ(sampling.top_k, 50);
  EXPECT_EQ(sampling.repeat_penalty, 1.1);
  EXPECT_EQ(sampling.typical, 0.8);
  EXPECT_FALSE(sampling.min_p || sampling.sample);
}

TEST_F(Stated, ComesFromConfigAlone) {
  const Checkpoint checkpoint = directory(R"({"bos_token_id": 1, "eos_token_id": 2})", "");
  EXPECT_EQ(text_of(stated_tokens(checkpoint).eos), "config.json eos_token_id 2");
  EXPECT_FALSE(stated_sampling(checkpoint).temperature);
  EXPECT_EQ(
      written_generation_config(checkpoint),
      "{\n  \"_from_model_config\": true,\n  \"bos_token_id\": 1,\n  \"eos_token_id\": 2\n}\n");
}

// A file that no model needs to run does not keep one from loading.
TEST_F(Stated, LeavesOutWhatCannotBeUsed) {
  const auto said = [&](const std::string& text) {
    const Checkpoint checkpoint = directory("{}", text);
    std::string all;
    for (const Notice& notice : checkpoint.notices()) all += notice.what + "\n";
    return all;
  };
  for (const char* value :
       {R"("temperature": "hot")", R"("top_p": [1])", R"("temperature": NaN)",
        R"("repetition_penalty": {})", R"("eos_token_id": [2, "x"])", R"("top_k": 1.5)",
        R"("typical_p": true)", R"("min_p": "x")", R"("do_sample": 3)"}) {
    const std::string key(value + 1, std::string_view(value + 1).find('"'));
    const std::string notice = said(fmt::format("{{{}}}", value));
    EXPECT_NE(notice.find("generation_config.json: \"" + key + "\" is"), std::string::npos)
        << notice;
    EXPECT_NE(notice.find("not used"), std::string::npos) << notice;
  }
  EXPECT_NE(said("{").find("not valid JSON"), std::string::npos);
  EXPECT_NE(said("[1]").find("not an object"), std::string::npos);
  EXPECT_EQ(said(R"({"suppress_tokens": ["x"], "guidance_scale": Infinity})"),
            "");  // not used here
}

TEST_F(Stated, OfAGgufComesFromItsKeys) {
  MadeGguf made = TinyModel().gguf();
  made.add_strings("tokenizer.ggml.tokens", {"a", "b", "<|eot_id|>", "<|im_end|>"});
  made.add("tokenizer.ggml.token_type", 9,
           bytes_of(uint32_t{5}) + bytes_of(uint64_t{4}) + bytes_of_all<int32_t>({1, 1, 3, 1}));
  made.add_u32("tokenizer.ggml.bos_token_id", 0);
  made.add_u32("tokenizer.ggml.eos_token_id", 1);
  made.add_u32("tokenizer.ggml.eot_token_id", 1);
  made.add_u32("tokenizer.ggml.eom_token_id", 0xffffffffU);
  made.add_f32("general.sampling.temp", 0.5F);
  made.add_u32("general.sampling.top_k", 40);
  folder_.put("m.gguf", made.bytes());
  const Checkpoint checkpoint = Checkpoint::open(folder_.path() / "m.gguf");
  const StatedTokens tokens = stated_tokens(checkpoint);
  EXPECT_EQ(text_of(tokens.bos), "tokenizer.ggml.bos_token_id 0");
  EXPECT_EQ(text_of(tokens.eos), "tokenizer.ggml.eos_token_id 1; tokenizer.ggml.eot_token_id 1");
  const StatedSampling sampling = stated_sampling(checkpoint);
  EXPECT_EQ(sampling.temperature, 0.5);
  EXPECT_EQ(sampling.top_k, 40);
  EXPECT_FALSE(sampling.top_p);
  // Written with the control token that ends a turn, which no key names.
  EXPECT_EQ(written_generation_config(checkpoint),
            "{\n  \"_from_model_config\": true,\n  \"bos_token_id\": 0,\n  \"eos_token_id\": [\n   "
            " 1,\n    "
            "2\n  ],\n  \"temperature\": 0.5,\n  \"top_k\": 40\n}\n");
}

}  // namespace
}  // namespace nety::checkpoint
