// What GGUF metadata and tensor names mean for the configuration.
#include <gtest/gtest.h>

#include <cmath>

#include "core/checkpoint/builder.h"
#include "core/checkpoint/checkpoint.h"
#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

class GgufModel : public testing::Test {
 protected:
  Checkpoint open(const MadeGguf& made) {
    return Checkpoint::open(folder_.put("model.gguf", made.bytes()));
  }
  void expect_refused(const MadeGguf& made, std::vector<std::string> mentions) {
    const auto path = folder_.put("model.gguf", made.bytes());
    mentions.emplace_back("model.gguf");
    expect_error([&] { Checkpoint::open(path); }, ErrorKind::kCheckpoint, mentions);
  }
  TempFolder folder_;
  TinyModel tiny_;
};

TEST_F(GgufModel, ReadsHyperparameters) {
  MadeGguf made = tiny_.gguf();
  made.add_f32("llama.rope.freq_base", 500000);
  made.add_u32("llama.attention.sliding_window", 4096);
  const Checkpoint checkpoint = open(made);
  const ModelConfig& config = checkpoint.config();
  EXPECT_EQ(config.architecture, "llama");
  EXPECT_EQ(config.name, "tiny");
  EXPECT_EQ(config.dim, 8);
  EXPECT_EQ(config.layers, 2);
  EXPECT_EQ(config.heads, 2);
  EXPECT_EQ(config.kv_heads, 1);
  EXPECT_EQ(config.head_dim, 4);
  EXPECT_EQ(config.ffn_dim, 16);
  EXPECT_EQ(config.vocab, 32);
  EXPECT_EQ(config.context, 64);
  EXPECT_EQ(config.spec(0).window, 4096);
  EXPECT_FLOAT_EQ(static_cast<float>(config.rms_eps), 1e-5F);
  EXPECT_EQ(config.rope.theta, 500000);
  EXPECT_TRUE(config.rope.interleaved);
  EXPECT_FALSE(config.tied_embeddings);
  EXPECT_FALSE(config.qkv_bias);
  EXPECT_FALSE(config.o_bias);
}

TEST_F(GgufModel, TiesTheHeadWhereThereIsNone) {
  tiny_.tied = true;
  const Checkpoint checkpoint = open(tiny_.gguf());
  EXPECT_TRUE(checkpoint.config().tied_embeddings);
  EXPECT_EQ(checkpoint.find("lm_head.weight"), nullptr);
  EXPECT_EQ(checkpoint.matrix("lm_head.weight").codes,
            checkpoint.matrix("model.embed_tokens.weight").codes);
}

TEST_F(GgufModel, FindsBiasesByTheirTensors) {
  tiny_.bias = true;
  const Checkpoint checkpoint = open(tiny_.gguf());
  EXPECT_TRUE(checkpoint.config().qkv_bias);
  EXPECT_TRUE(checkpoint.config().o_bias);
  EXPECT_TRUE(checkpoint.config().mlp_bias);
  EXPECT_EQ(checkpoint.at("model.layers.1.self_attn.k_proj.bias").stored_name, "blk.1.attn_k.bias");
}

TEST_F(GgufModel, HasHeadsOfTheirOwnSize) {
  tiny_.head_dim = 6;
  MadeGguf made = tiny_.gguf();
  made.add_u32("llama.attention.key_length", 6);
  made.add_u32("llama.attention.value_length", 6);
  EXPECT_EQ(open(made).config().head_dim, 6);
}

TEST_F(GgufModel, TakesOneNumberPerLayerWhereAllAreEqual) {
  MadeGguf made;
  made.add_string("general.architecture", "llama");
  made.add_u32("llama.block_count", 2);
  made.add_u32("llama.context_length", 64);
  made.add_u32("llama.embedding_length", 8);
  made.add_f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  made.add_u32("llama.vocab_size", 32);
  const auto array = [](const std::vector<uint32_t>& values) {
    return bytes_of(uint32_t{4}) + bytes_of(uint64_t{values.size()}) + bytes_of_all(values);
  };
  made.add("llama.attention.head_count", 9, array({2, 2}));
  made.add("llama.attention.head_count_kv", 9, array({1, 1}));
  MadeGguf uneven = made;
  made.add("llama.feed_forward_length", 9, array({16, 16}));
  uneven.add("llama.feed_forward_length", 9, array({16, 32}));
  for (const MadeTensor& tensor : tiny_.tensors())
    made.add_tensor(gguf_name_of(tensor.name), 0, tensor.shape, tensor.data);
  EXPECT_EQ(open(made).config().ffn_dim, 16);
  expect_refused(uneven, {"llama.feed_forward_length", "an array of 2 values"});
}

TEST_F(GgufModel, ReadsRopeScaling) {
  MadeGguf linear = tiny_.gguf();
  linear.add_string("llama.rope.scaling.type", "linear");
  linear.add_f32("llama.rope.scaling.factor", 4);
  EXPECT_EQ(open(linear).config().rope.scaling, RopeScaling::kLinear);
  EXPECT_EQ(open(linear).config().rope.factor, 4);

  MadeGguf old = tiny_.gguf();
  old.add_f32("llama.rope.scale_linear", 2);
  EXPECT_EQ(open(old).config().rope.scaling, RopeScaling::kLinear);
  EXPECT_EQ(open(old).config().rope.factor, 2);

  MadeGguf none = tiny_.gguf();
  none.add_string("llama.rope.scaling.type", "none");
  none.add_f32("llama.rope.scaling.factor", 4);
  EXPECT_EQ(open(none).config().rope.scaling, RopeScaling::kNone);
  EXPECT_EQ(open(none).config().rope.factor, 1);
}

TEST_F(GgufModel, ReadsYarnAsLlamaCppComputesIt) {
  MadeGguf made = tiny_.gguf();
  made.add_string("llama.rope.scaling.type", "yarn");
  made.add_f32("llama.rope.scaling.factor", 16);
  made.add_u32("llama.rope.scaling.original_context_length", 4096);
  const Rope plain = open(made).config().rope;
  EXPECT_EQ(plain.scaling, RopeScaling::kYarn);
  EXPECT_EQ(plain.original_context, 4096);
  EXPECT_EQ(plain.attention_factor, 0);  // the usual 0.1 ln(16) + 1
  EXPECT_EQ(plain.beta_fast, 32);
  EXPECT_EQ(plain.beta_slow, 1);

  MadeGguf scaled = made;
  scaled.add_f32("llama.rope.scaling.attn_factor", 0.5F);
  EXPECT_NEAR(open(scaled).config().rope.attention_factor, 0.5 * (0.1 * std::log(16) + 1), 1e-12);

  made.add_f32("llama.rope.scaling.yarn_log_multiplier", 0.5F);
  made.add_f32("llama.rope.scaling.yarn_beta_fast", 20);
  const Rope multiplied = open(made).config().rope;
  EXPECT_EQ(multiplied.mscale, 1);
  EXPECT_EQ(multiplied.mscale_all_dim, 0.5);
  EXPECT_EQ(multiplied.beta_fast, 20);
}

TEST_F(GgufModel, ReadsFrequencyFactors) {
  MadeGguf made = tiny_.gguf();
  made.add_tensor("rope_freqs.weight", 0, {2}, bytes_of_all<float>({1, 8}));
  const Checkpoint checkpoint = open(made);
  EXPECT_EQ(checkpoint.config().rope.frequency_factors, (std::vector<float>{1, 8}));
  EXPECT_EQ(checkpoint.find("rope_freqs.weight"), nullptr);
  EXPECT_TRUE(checkpoint.notices().empty());
}

TEST_F(GgufModel, ReadsItsTemplate) {
  MadeGguf made = tiny_.gguf();
  made.add_strings("tokenizer.ggml.tokens", {"a", "b", "c", "d"});
  made.add_string("tokenizer.chat_template", "{{ x }}");
  const Checkpoint checkpoint = open(made);
  EXPECT_EQ(checkpoint.chat_template(), "{{ x }}");
  // 4 tokens, 32 rows: what the file states wins where the rows do not match the tokens.
  EXPECT_EQ(checkpoint.config().vocab, 32);
}

TEST_F(GgufModel, OpensTheVocabularyOfAnyArchitecture) {
  MadeGguf made;
  made.add_string("general.architecture", "falcon-h1");
  made.add_strings("tokenizer.ggml.tokens", {"a"});
  const auto path = folder_.put("vocabulary.gguf", made.bytes());
  const Checkpoint checkpoint = Checkpoint::open_vocabulary(path);
  EXPECT_EQ(checkpoint.metadata().count("tokenizer.ggml.tokens"), 1U);
  EXPECT_TRUE(checkpoint.tensors().empty());
  EXPECT_EQ(checkpoint.config().dim, 0);
  expect_refused(made, {"falcon-h1", "not supported"});
}

TEST_F(GgufModel, RefusesWhatItCannotRun) {
  MadeGguf split = tiny_.gguf();
  split.add("split.count", 2, bytes_of(uint16_t{3}));
  expect_refused(split, {"split"});
  MadeGguf experts = tiny_.gguf();
  experts.add_u32("llama.expert_count", 8);
  expect_refused(experts, {"llama.expert_used_count"});
  MadeGguf rope = tiny_.gguf();
  rope.add_string("llama.rope.scaling.type", "longrope");
  expect_refused(rope, {"longrope", "llama.rope.scaling.type"});
  MadeGguf partial = tiny_.gguf();
  partial.add_u32("llama.attention.value_length", 2);
  expect_refused(partial, {"llama.attention.value_length", "2", "4"});
  MadeGguf factors = tiny_.gguf();
  factors.add_tensor("rope_freqs.weight", 0, {2}, bytes_of_all<float>({0, NAN}));
  expect_refused(factors, {"rope_freqs.weight"});
  MadeGguf short_factors = tiny_.gguf();
  short_factors.add_tensor("rope_freqs.weight", 0, {1}, bytes_of_all<float>({1}));
  expect_refused(short_factors, {"rope_freqs.weight", "[1]", "[2]"});
}

TEST_F(GgufModel, NamesUnsupportedTypes) {
  tiny_.dim = 256;
  tiny_.head_dim = 128;
  MadeGguf made;
  made.add_string("general.architecture", "llama");
  for (const auto& key : {std::pair("llama.block_count", 2U),
                          {"llama.context_length", 64U},
                          {"llama.embedding_length", 256U},
                          {"llama.feed_forward_length", 16U},
                          {"llama.attention.head_count", 2U},
                          {"llama.attention.head_count_kv", 1U},
                          {"llama.vocab_size", 32U}})
    made.add_u32(key.first, key.second);
  made.add_f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  for (const MadeTensor& tensor : tiny_.tensors()) {
    const bool first_query = tensor.name == "model.layers.0.self_attn.q_proj.weight";
    const std::string name = gguf_name_of(tensor.name);
    if (first_query)
      made.add_tensor(name, 15, tensor.shape, std::string(256 * 292, 'x'));
    else
      made.add_tensor(name, 0, tensor.shape, tensor.data);
  }
  expect_refused(made, {"blk.0.attn_q.weight", "unsupported type Q8_K"});
}

TEST_F(GgufModel, RefusesNonsenseInMetadata) {
  struct Case {
    const char* key;
    uint32_t type;
    std::string value;
    std::vector<std::string> mentions;
  };
  const auto u32 = [](uint32_t value) { return bytes_of(value); };
  const std::string text = bytes_of(uint64_t{2}) + "12";
  const std::vector<Case> cases = {
      {"llama.block_count", 4, u32(1000000000), {"1000000000", "4096"}},
      {"llama.block_count", 8, text, {"\"12\" (a string)"}},
      {"llama.attention.head_count", 4, u32(0), {"is 0"}},
      {"llama.attention.head_count", 5, u32(0xfffffffe), {"is -2"}},
      {"llama.attention.head_count_kv", 4, u32(3), {"does not divide"}},
      {"llama.embedding_length", 6, bytes_of(8.0F), {"is 8"}},
      {"llama.feed_forward_length", 4, u32(0xffffffff), {"4294967295"}},
      {"llama.vocab_size", 4, u32(0x7fffffff), {"2147483647"}},
      {"llama.attention.layer_norm_rms_epsilon", 6, bytes_of(NAN), {"nan"}},
      {"llama.rope.freq_base", 6, bytes_of(-1.0F), {"is -1"}},
      {"llama.rope.dimension_count", 4, u32(5), {"is 5"}},
      {"general.architecture", 4, u32(5), {"is 5", "a string"}},
  };
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.key);
    // The key comes first with the bad value; the good one is left out.
    std::string bytes = tiny_.gguf().bytes();
    MadeGguf made;
    made.add(bad.key, bad.type, bad.value);
    for (const auto& key : {std::pair("llama.block_count", 2U),
                            {"llama.context_length", 64U},
                            {"llama.embedding_length", 8U},
                            {"llama.feed_forward_length", 16U},
                            {"llama.attention.head_count", 2U},
                            {"llama.attention.head_count_kv", 1U},
                            {"llama.vocab_size", 32U}})
      if (std::string_view(key.first) != bad.key) made.add_u32(key.first, key.second);
    if (std::string_view(bad.key) != "general.architecture")
      made.add_string("general.architecture", "llama");
    if (std::string_view(bad.key) != "llama.attention.layer_norm_rms_epsilon")
      made.add_f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    for (const MadeTensor& tensor : tiny_.tensors())
      made.add_tensor(gguf_name_of(tensor.name), 0, tensor.shape, tensor.data);
    std::vector<std::string> mentions = bad.mentions;
    mentions.emplace_back(bad.key);
    expect_refused(made, mentions);
  }
}

TEST_F(GgufModel, NamesWhatIsMissing) {
  MadeGguf made;
  made.add_string("general.architecture", "llama");
  expect_refused(made, {"llama.embedding_length"});
  MadeGguf nameless;
  nameless.add_u32("x", 1);
  expect_refused(nameless, {"general.architecture"});
}

TEST_F(GgufModel, UsesOnlyTensorsOfExactlyTheRightName) {
  for (const char* name :
       {"blk.01.attn_q.weight", "blk..attn_q.weight", "blk.x.attn_q.weight", "blk.2.attn_q.weight",
        "blk.1.attn_q", "blk.1.attn_q.scale", "blk.", "v.blk.1.attn_q.weight"}) {
    MadeGguf made = tiny_.gguf();
    made.add_tensor(name, 0, {8, 8}, std::string(256, 'x'));
    const Checkpoint checkpoint = open(made);
    ASSERT_EQ(checkpoint.notices().size(), 1U) << name;
    EXPECT_EQ(checkpoint.notices()[0].id, "tensors_unused");
    EXPECT_EQ(checkpoint.find(name), nullptr);
  }
}

}  // namespace
}  // namespace nety::checkpoint
