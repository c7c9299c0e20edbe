// config.json in the forms that transformers 4 and 5 write, and
// nonsense.
#include "core/checkpoint/huggingface_config.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

constexpr const char* kSizes =
    R"("hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,)"
    R"( "num_attention_heads": 8, "vocab_size": 100)";

ModelConfig parse(const std::string& text) { return parse_config({text, "config.json"}).model; }

ModelConfig llama(const std::string& more) {
  return parse(
      fmt::format(R"({{"model_type": "llama", {}{} {}}})", kSizes, more.empty() ? "" : ",", more));
}
ModelConfig mistral(const std::string& more) {
  return parse(fmt::format(R"({{"model_type": "mistral", {}{} {}}})", kSizes,
                           more.empty() ? "" : ",", more));
}

TEST(HuggingFaceConfig, HasTransformersDefaults) {
  const ModelConfig config = llama("");
  EXPECT_EQ(config.kv_heads, 8);
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_EQ(config.context, 2048);
  EXPECT_EQ(config.rms_eps, 1e-6);
  EXPECT_EQ(config.rope.theta, 10000);
  EXPECT_EQ(config.rope.scaling, RopeScaling::kNone);
  EXPECT_FALSE(config.rope.interleaved);
  EXPECT_FALSE(config.tied_embeddings);
  EXPECT_FALSE(config.qkv_bias);
  EXPECT_FALSE(config.o_bias);
  EXPECT_EQ(config.spec(0).window, 0);
  EXPECT_EQ(mistral("").kv_heads, 8);
  EXPECT_EQ(mistral("").context, 4096 * 32);
  EXPECT_EQ(mistral("").spec(0).window, 4096);
}

TEST(HuggingFaceConfig, ReadsWhatTransformers4Writes) {
  const ModelConfig config = llama(
      R"("architectures": ["LlamaForCausalLM"], "head_dim": null, "num_key_value_heads": 2,
         "torch_dtype": "bfloat16", "rope_theta": 500000.0, "rms_norm_eps": 1e-05,
         "max_position_embeddings": 131072, "tie_word_embeddings": true, "attention_bias": true,
         "mlp_bias": true, "pretraining_tp": 1, "quantization_config": null,
         "rope_scaling": {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
         "original_max_position_embeddings": 8192, "rope_type": "llama3"})");
  EXPECT_EQ(config.kv_heads, 2);
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_EQ(config.rope.theta, 500000);
  EXPECT_EQ(config.rope.scaling, RopeScaling::kLlama3);
  EXPECT_EQ(config.rope.factor, 8);
  EXPECT_EQ(config.rope.original_context, 8192);
  EXPECT_TRUE(config.tied_embeddings);
  EXPECT_TRUE(config.qkv_bias);
  EXPECT_TRUE(config.o_bias);
  EXPECT_TRUE(config.mlp_bias);
}

TEST(HuggingFaceConfig, ReadsWhatTransformers5Writes) {
  const ModelConfig config = llama(
      R"("dtype": "float32", "head_dim": 16, "num_key_value_heads": 4,
         "rope_parameters": {"rope_theta": 1000000, "rope_type": "dynamic", "factor": 2})");
  EXPECT_EQ(config.head_dim, 16);
  EXPECT_EQ(config.rope.theta, 1000000);
  EXPECT_EQ(config.rope.scaling, RopeScaling::kDynamic);
  EXPECT_EQ(config.rope.factor, 2);
  EXPECT_EQ(config.rope.original_context, config.context);
}

TEST(HuggingFaceConfig, ReadsTheOldNameOfTheScalingType) {
  const ModelConfig config = llama(R"("rope_scaling": {"type": "linear", "factor": 2.5})");
  EXPECT_EQ(config.rope.scaling, RopeScaling::kLinear);
  EXPECT_EQ(config.rope.factor, 2.5);
  EXPECT_EQ(llama(R"("rope_scaling": null, "rope_theta": 5)").rope.theta, 5);
}

TEST(HuggingFaceConfig, ReadsYarn) {
  const Rope given = llama(R"("rope_scaling": {"rope_type": "yarn", "factor": 4.0,
      "original_max_position_embeddings": 512, "beta_fast": 16, "attention_factor": 1.5,
      "mscale": 0.7, "mscale_all_dim": 0.9, "truncate": false})")
                         .rope;
  EXPECT_EQ(given.scaling, RopeScaling::kYarn);
  EXPECT_EQ(given.original_context, 512);
  EXPECT_EQ(given.beta_fast, 16);
  EXPECT_EQ(given.beta_slow, 1);
  EXPECT_EQ(given.attention_factor, 1.5);
  EXPECT_EQ(given.mscale, 0.7);
  EXPECT_EQ(given.mscale_all_dim, 0.9);
  EXPECT_FALSE(given.truncate);
  const Rope grown = llama(R"("rope_parameters": {"rope_type": "yarn", "factor": null,
      "original_max_position_embeddings": 512})")
                         .rope;
  EXPECT_EQ(grown.factor, 4);  // 2048 / 512
  EXPECT_EQ(grown.attention_factor, 0);
  EXPECT_TRUE(grown.truncate);
}

TEST(HuggingFaceConfig, ReadsMistralsWindow) {
  EXPECT_EQ(mistral(R"("sliding_window": null)").spec(0).window, 0);
  EXPECT_EQ(mistral(R"("sliding_window": 128)").spec(0).window, 128);
  EXPECT_EQ(mistral(R"("sliding_window": 128, "use_sliding_window": false)").spec(0).window, 0);
  EXPECT_EQ(mistral(R"("num_key_value_heads": null)").kv_heads, 8);
  EXPECT_EQ(llama(R"("sliding_window": 128)").spec(0).window, 0);
}

TEST(HuggingFaceConfig, NamesArchitecturesItCannotRun) {
  const auto refused = [](const std::string& text, const std::vector<std::string>& mentions) {
    expect_error([&] { parse(text); }, ErrorKind::kCheckpoint, mentions);
  };
  refused(R"({"model_type": "falcon_h1", "architectures": ["FalconH1ForCausalLM"]})",
          {"config.json", "FalconH1ForCausalLM", "falcon_h1"});
  refused(R"({"model_type": "llama", "architectures": ["LlamaForSequenceClassification"]})",
          {"LlamaForSequenceClassification"});
  refused(R"({"hidden_size": 1})", {"model_type"});
  expect_error([] { llama(R"("hidden_act": "gelu")"); }, ErrorKind::kCheckpoint,
               {"hidden_act", "gelu"});
  expect_error([] { llama(R"("rope_scaling": {"rope_type": "proportional"})"); },
               ErrorKind::kCheckpoint, {"rope_scaling.rope_type", "proportional"});
  expect_error([] { llama(R"("rope_scaling": {"rope_type": "longrope"})"); },
               ErrorKind::kCheckpoint, {"rope_scaling.short_factor"});
  expect_error([] { llama(R"("partial_rotary_factor": 0.5)"); }, ErrorKind::kCheckpoint,
               {"partial_rotary_factor", "0.5"});
  expect_error([] { llama(R"("rope_parameters": {"full_attention": {}})"); },
               ErrorKind::kCheckpoint, {"different RoPE"});
}

// The type decides, as in transformers; classes are written in more than one way.
TEST(HuggingFaceConfig, TakesTheTypeWhateverTheClassIsCalled) {
  const auto notices = [](const char* architectures) {
    const std::string text = fmt::format(R"({{"model_type": "llama", "architectures": [{}], {}}})",
                                         architectures, kSizes);
    return parse_config({text, "config.json"}).notices;
  };
  for (const char* name : {R"("LlamaForCausalLM")", R"("LLaMAForCausalLM")", ""})
    EXPECT_TRUE(notices(name).empty()) << name;
  for (const char* name : {"LlamaModel", "YiForCausalLM", "LLaMA"}) {
    const std::vector<Notice> said = notices(fmt::format("\"{}\"", name).c_str());
    ASSERT_EQ(said.size(), 1U) << name;
    EXPECT_NE(said[0].what.find(name), std::string::npos) << said[0].what;
  }
}

// Python's json module writes and reads these.
TEST(HuggingFaceConfig, ReadsNumbersThatOnlyPythonHas) {
  const std::string odd = R"("a": NaN, "b": [0.0, Infinity, -Infinity], "c": {"d": NaN},
      "e": 1000000000000000019884624838656, "f": -99999999999999999999, "g": "NaN, -Infinity \" NaN",)";
  EXPECT_EQ(parse(fmt::format(R"({{"model_type": "llama", {} {}}})", odd, kSizes)).vocab,
            parse(fmt::format(R"({{"model_type": "llama", {}}})", kSizes)).vocab);
  const auto refused = [](const std::string& key, const std::string& value, const char* shown) {
    const std::string text =
        fmt::format(R"({{"model_type": "llama", {}, "{}": {}}})", kSizes, key, value);
    expect_error([&] { parse(text); }, ErrorKind::kCheckpoint, {"config.json", key, shown});
  };
  refused("rms_norm_eps", "NaN", "NaN");  // what is used is checked
  refused("rope_theta", "Infinity", "Infinity");
  refused("rope_theta", "-Infinity", "-Infinity");
  refused("max_position_embeddings", "1000000000000000019884624838656", "1e+30");
  refused("hidden_act", "NaN", "NaN");
}

TEST(HuggingFaceConfig, ReadsQwen2sBiasesAndWindow) {
  const auto qwen2 = [](const std::string& more) {
    return parse(
        fmt::format(R"({{"model_type": "qwen2", "num_key_value_heads": 4, {}{}}})", kSizes, more));
  };
  EXPECT_TRUE(qwen2("").qkv_bias);
  EXPECT_FALSE(qwen2("").o_bias);
  EXPECT_FALSE(qwen2("").mlp_bias);
  EXPECT_EQ(qwen2("").context, 32768);
  EXPECT_EQ(qwen2(R"(, "sliding_window": 9)").spec(0).window, 0);
  const std::string window = R"(, "use_sliding_window": true, "sliding_window": 9)";
  EXPECT_EQ(qwen2(window).spec(0).window, 0);  // from layer 28 on, of 2
  EXPECT_EQ(qwen2(window + R"(, "max_window_layers": 0)").spec(0).window, 9);
  const ModelConfig late = qwen2(window + R"(, "max_window_layers": 1)");
  EXPECT_EQ(late.spec(0).window, 0);
  EXPECT_EQ(late.spec(1).window, 9);
}

ModelConfig of_type(const char* type, const std::string& more) {
  return parse(
      fmt::format(R"({{"model_type": "{}", "num_key_value_heads": 4, {}{}}})", type, kSizes, more));
}

TEST(HuggingFaceConfig, RefusesArithmeticThatTheFamilyDoesNotHaveByName) {
  const auto refused = [](const char* type, const std::string& more, const char* key) {
    expect_error([&] { of_type(type, ", " + more); }, ErrorKind::kCheckpoint, {key});
  };
  refused("llama", R"("residual_multiplier": 0.2)", "residual_multiplier");
  refused("qwen2", R"("attn_logit_softcapping": 50.0)", "attn_logit_softcapping");
  refused("qwen3", R"("num_experts": 128)", "num_experts");
  refused("olmo2", R"("clip_qkv": 8)", "clip_qkv");
  refused("gemma3_text", R"("use_bidirectional_attention": true)", "use_bidirectional_attention");
  refused("llama", R"("no_rope_layers": [1, 0])", "no_rope_layers");
  refused("mistral", R"("rope_parameters": {"llama_4_scaling_beta": 0.1})", "llama_4_scaling_beta");
  refused("granite", R"("layer_types": ["full_attention", "linear_attention"])", "layer_types");
  refused("smollm3", R"("use_sliding_window": true)", "use_sliding_window");
  // Neutral values say nothing.
  of_type("llama", R"(, "residual_multiplier": 1.0, "attn_logit_softcapping": null,
                      "num_local_experts": 0, "layer_types": ["full_attention", "full_attention"])");
}

TEST(HuggingFaceConfig, NeedsOneKindForEachLayer) {
  for (const char* type : {"gemma2", "gemma3_text", "olmo3", "exaone4", "cohere2", "ministral"})
    expect_error([&] { of_type(type, R"(, "layer_types": ["full_attention"])"); },
                 ErrorKind::kCheckpoint, {"layer_types", "1 layers", "is 2"});
  expect_error([] { of_type("gemma3_text", R"(, "layer_types": ["full_attention", "chunked"])"); },
               ErrorKind::kCheckpoint, {"layer_types", "chunked"});
  expect_error([] { of_type("smollm3", R"(, "no_rope_layers": [1])"); }, ErrorKind::kCheckpoint,
               {"no_rope_layers"});
}

TEST(HuggingFaceConfig, NeedsAFactorForEachPairOfLongrope) {
  const auto longrope = [](const char* factors) {
    of_type("phi3", fmt::format(R"(, "original_max_position_embeddings": 64, "rope_scaling": {{
        "type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": {}}})",
                                factors));
  };
  longrope("[1, 2, 3, 4]");
  for (const char* bad : {"[1, 2, 3]", "[1, 2, 3, 4, 5]", "[]", "[1, 2, 3, 0]", "[1, 2, 3, -4]",
                          "[1, 2, 3, NaN]", "[1, 2, 3, \"4\"]", "4", "null"})
    expect_error([&] { longrope(bad); }, ErrorKind::kCheckpoint, {"rope_scaling.long_factor"});
}

TEST(HuggingFaceConfig, RefusesScalesThatAreNone) {
  for (const char* value : {"0", "-1", "NaN", "Infinity", "\"x\""})
    expect_error([&] { of_type("gemma2", fmt::format(R"(, "query_pre_attn_scalar": {})", value)); },
                 ErrorKind::kCheckpoint, {"query_pre_attn_scalar"});
  expect_error([] { of_type("gemma2", R"(, "final_logit_softcapping": -30)"); },
               ErrorKind::kCheckpoint, {"final_logit_softcapping"});
  expect_error([] { of_type("granite", R"(, "logits_scaling": 0)"); }, ErrorKind::kCheckpoint,
               {"logits_scaling"});
  for (const char* value : {"0", "1.5", "0.1"})
    expect_error([&] { of_type("phi3", fmt::format(R"(, "partial_rotary_factor": {})", value)); },
                 ErrorKind::kCheckpoint, {"partial_rotary_factor"});
}

TEST(HuggingFaceConfig, ReadsTwoRotaryEmbeddings) {
  const std::string hub = R"(, "rope_theta": 1e6, "rope_local_base_freq": 5000,
                             "sliding_window": 8, "sliding_window_pattern": 2)";
  const std::string v5 = R"(, "sliding_window": 8,
      "layer_types": ["sliding_attention", "full_attention"],
      "rope_parameters": {"full_attention": {"rope_theta": 1e6, "rope_type": "default"},
                          "sliding_attention": {"rope_theta": 5000, "rope_type": "default"}})";
  for (const std::string& form : {hub, v5}) {
    const ModelConfig config = of_type("gemma3_text", form);
    EXPECT_EQ(config.rope.theta, 1e6);
    EXPECT_EQ(config.local_rope.theta, 5000);
    EXPECT_EQ(config.spec(0).window, 8);
    EXPECT_EQ(config.spec(0).rotary, Rotary::kLocal);
    EXPECT_EQ(config.spec(1).window, 0);
    EXPECT_EQ(config.spec(1).rotary, Rotary::kMain);
  }
}

TEST(HuggingFaceConfig, TakesTheArchitectureWhereTheTypeIsMissing) {
  const std::string text =
      fmt::format(R"({{"architectures": ["MistralForCausalLM"], {}}})", kSizes);
  EXPECT_EQ(parse(text).architecture, "mistral");
}

TEST(HuggingFaceConfig, RefusesNonsenseNamingKeyAndValue) {
  struct Case {
    std::string key, value;
    std::vector<std::string> mentions;
  };
  const std::vector<Case> cases = {
      {"num_attention_heads", "0", {"is 0", "from 1"}},
      {"num_hidden_layers", "1000000000", {"1000000000", "4096"}},
      {"num_hidden_layers", "\"2\"", {"\"2\" (a string)"}},
      {"num_hidden_layers", "2.5", {"2.5"}},
      {"num_hidden_layers", "null", {"null"}},
      {"num_hidden_layers", "[2]", {"a list"}},
      {"hidden_size", "-64", {"-64"}},
      {"hidden_size", "65", {"not a multiple"}},
      {"hidden_size", "9223372036854775807", {"9223372036854775807"}},
      {"hidden_size", "18446744073709551615", {"18446744073709551615"}},
      {"vocab_size", "4000000000", {"4000000000"}},
      {"vocab_size", "true", {"true"}},
      {"intermediate_size", "{}", {"an object"}},
  };
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.key + " " + bad.value);
    std::string sizes = kSizes;
    const size_t at = sizes.find("\"" + bad.key + "\"") + bad.key.size() + 4;
    sizes.replace(at, sizes.find_first_of(",", at) - at, bad.value);
    std::vector<std::string> mentions = bad.mentions;
    mentions.push_back("config.json");
    mentions.push_back("\"" + bad.key + "\"");
    expect_error([&] { parse(R"({"model_type": "llama", )" + sizes + "}"); },
                 ErrorKind::kCheckpoint, mentions);
  }
}

TEST(HuggingFaceConfig, RefusesNonsenseInOptionalKeys) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {R"("num_key_value_heads": 3)", {"num_key_value_heads", "does not divide"}},
      {R"("num_key_value_heads": 16)", {"num_key_value_heads", "does not divide"}},
      {R"("head_dim": 7)", {"head_dim", "7", "even"}},
      {R"("rms_norm_eps": 0)", {"rms_norm_eps"}},
      {R"("rms_norm_eps": "small")", {"rms_norm_eps", "small"}},
      {R"("rope_theta": -3)", {"rope_theta", "-3"}},
      {R"("max_position_embeddings": 0)", {"max_position_embeddings"}},
      {R"("tie_word_embeddings": "yes")", {"tie_word_embeddings", "yes"}},
      {R"("rope_scaling": 4)", {"rope_scaling", "4"}},
      {R"("rope_scaling": {"type": "linear"})", {"rope_scaling.factor", "missing"}},
      {R"("rope_scaling": {"type": "linear", "factor": 0})", {"factor", "0"}},
      {R"("rope_scaling": {"type": 3})", {"rope_scaling.type", "3"}},
      {R"("rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4,
           "high_freq_factor": 1})",
       {"low_freq_factor 4"}},
      {R"("architectures": "LlamaForCausalLM")", {"architectures"}},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.first);
    expect_error([&] { llama(bad.first); }, ErrorKind::kCheckpoint, bad.second);
  }
}

TEST(HuggingFaceConfig, RefusesWhatIsNotJson) {
  const std::string deep = std::string(50000, '[') + std::string(50000, ']');
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string("nonsense"),
                                  "{\"a\": " + deep + "}", std::string("{\"\xff\": 1}")})
    expect_error([&] { parse(text); }, ErrorKind::kCheckpoint, {"config.json"});
}

TEST(HuggingFaceConfig, AcceptsOnlyBitsandbytesQuantization) {
  const auto hint = [](const std::string& section) {
    const std::string text =
        fmt::format(R"({{"model_type": "llama", {}, "quantization_config": {}}})", kSizes, section);
    return parse_config({text, "config.json"}).quantization;
  };
  EXPECT_EQ(hint(R"({"quant_method": "bitsandbytes", "load_in_8bit": true})").method,
            "bitsandbytes");
  EXPECT_TRUE(hint(R"({"load_in_4bit": true})").load_in_4bit);
  EXPECT_EQ(hint("null").method, "");
  for (const char* method : {"gptq", "awq", "hqq", "torchao", "compressed-tensors"})
    expect_error([&] { hint(fmt::format(R"({{"quant_method": "{}"}})", method)); },
                 ErrorKind::kCheckpoint, {"quant_method", method});
  for (const char* without : {R"({"bits": 4, "group_size": 128})", R"({})",
                              R"({"quant_method": null})", R"({"load_in_8bit": false})"})
    expect_error([&] { hint(without); }, ErrorKind::kCheckpoint, {"has no \"quant_method\""});
}

}  // namespace
}  // namespace nety::checkpoint
