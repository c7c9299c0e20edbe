// Every known-bad combination of bitsandbytes checkpoints, found and named.
#include "core/checkpoint/inspector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/precision/mode.h"
#include "tests/checkpoint/made_bitsandbytes.h"

namespace nety::checkpoint {
namespace {

const std::string kLayer = "model.layers.0.mlp.up_proj";

class Inspector : public testing::Test {
 protected:
  Inspector() {
    tiny_.dim = tiny_.ffn = 64;
    tiny_.head_dim = 32;
    tiny_.layers = 1;
  }
  void write_with(const std::vector<MadeTensor>& tensors, const std::string& config) {
    folder_.put("config.json", tiny_.config(config));
    folder_.put("model.safetensors", safetensors_of(tensors));
  }
  void write(const std::vector<MadeTensor>& tensors, std::string_view mode) {
    write_with(tensors, bitsandbytes_config(mode));
  }
  std::vector<MadeTensor> made(std::string_view mode, int32_t block = 64) {
    return quantised(tiny_.tensors(), mode, block);
  }
  /// The issue of that id; its severity, tensors and words are checked.
  Issue expect_issue(const std::string& id, Severity severity, size_t tensors,
                     const std::vector<std::string>& mentions) {
    const std::vector<Issue> issues = inspect(folder_.path());
    const auto found = std::find_if(issues.begin(), issues.end(),
                                    [&](const Issue& issue) { return issue.id == id; });
    if (found == issues.end()) {
      std::string ids;
      for (const Issue& issue : issues) ids += issue.id + " ";
      ADD_FAILURE() << "no " << id << " in: " << ids;
      return {};
    }
    EXPECT_EQ(name_of(found->severity), name_of(severity)) << id;
    EXPECT_EQ(found->tensors.size(), tensors) << id;
    EXPECT_FALSE(found->hint.empty()) << id;
    for (const std::string& part : mentions)
      EXPECT_NE(found->what.find(part), std::string::npos) << part << " not in " << found->what;
    if (severity == Severity::kFatal)
      expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint, mentions);
    else
      EXPECT_NO_THROW(Checkpoint::open(folder_.path())) << id;
    return *found;
  }
  TempFolder folder_;
  TinyModel tiny_;
};

TEST_F(Inspector, FindsNothingInWholeFiles) {
  for (const char* mode : {"int8", "nf4", "nf4-dq", "fp4", "fp4-dq"}) {
    write(made(mode), mode);
    const std::vector<Issue> issues = inspect(folder_.path());
    // k_proj and v_proj have 32 rows, all have 64 columns: no CPU gets these wrong.
    EXPECT_TRUE(issues.empty()) << mode << ": " << issues[0].id;
  }
  write_with(tiny_.tensors(), "");
  EXPECT_TRUE(inspect(folder_.path()).empty());
}

TEST_F(Inspector, NamesInt8WithoutScales) {
  std::vector<MadeTensor> tensors = made("int8");
  drop(tensors, "up_proj.SCB");
  write(tensors, "int8");
  const Issue one = expect_issue("int8_without_scb", Severity::kFatal, 1,
                                 {kLayer + ".weight", kLayer + ".SCB", "I8 [64, 64]", "F32 [64]"});
  EXPECT_EQ(one.tensors, (std::vector<std::string>{kLayer + ".weight"}));
  EXPECT_NE(one.hint.find("KeyError: 'SCB'"), std::string::npos);
  drop(tensors, ".SCB");
  drop(tensors, ".weight_format");
  write(tensors, "int8");
  expect_issue("int8_without_scb", Severity::kFatal, 7, {"6 more tensors"});
}

TEST_F(Inspector, NamesScalesOfTheWrongTypeOrLength) {
  std::vector<MadeTensor> tensors = made("int8");
  MadeTensor& scb = tensor_named(tensors, kLayer + ".SCB");
  const MadeTensor whole = scb;
  scb = {scb.name, "F16", {64}, std::string(128, 0)};
  write(tensors, "int8");
  expect_issue("scb_wrong_type", Severity::kFatal, 1, {kLayer + ".SCB", "F16 [64]", "F32 [64]"});
  scb = {scb.name, "F32", {63}, whole.data.substr(4)};
  write(tensors, "int8");
  expect_issue("scb_wrong_length", Severity::kFatal, 1, {kLayer + ".SCB", "F32 [63]"});
}

TEST_F(Inspector, NamesCodesInAGpusOrder) {
  std::vector<MadeTensor> tensors = made("int8");
  tensor_named(tensors, kLayer + ".weight_format").data = std::string(1, '\2');
  write(tensors, "int8");
  expect_issue("weight_format_not_row", Severity::kFatal, 1, {kLayer + ".weight_format", "is 2"});
  tensor_named(tensors, kLayer + ".weight_format") = {
      kLayer + ".weight_format", "F32", {1}, std::string(4, '\0')};
  write(tensors, "int8");
  expect_issue("weight_format_unknown", Severity::kFatal, 1, {kLayer + ".weight_format", "F32"});
}

TEST_F(Inspector, NamesTransposedScales) {
  tiny_.ffn = 128;  // so that a transposed shape is not a flat one: down_proj has 2 blocks a row
  std::vector<MadeTensor> tensors = made("nf4");
  MadeTensor& absmax = tensor_named(tensors, "model.layers.0.mlp.down_proj.weight.absmax");
  absmax = {absmax.name, "BF16", {2, 64}, std::string(256, 0)};
  write(tensors, "nf4");
  expect_issue("absmax_transposed", Severity::kRepaired, 1,
               {"down_proj.weight.absmax", "BF16 [2, 64]", "AVX512_BF16"});
}

TEST_F(Inspector, NamesMissingConfiguration) {
  write_with(made("int8"), "");
  expect_issue("int8_without_config", Severity::kElsewhere, 0, {"7 weights", "config.json"});
  write_with(made("nf4"), "");
  expect_issue("four_bit_without_config", Severity::kElsewhere, 0, {"7 weights"});
  write_with(tiny_.tensors(), R"("quantization_config": {"quant_method": "bitsandbytes",
      "load_in_8bit": true, "llm_int8_has_fp16_weight": true})");
  expect_issue("int8_fp16_weight", Severity::kElsewhere, 0, {"llm_int8_has_fp16_weight"});
  write(tiny_.tensors(), "int8");
  expect_issue("config_without_quantised", Severity::kNote, 0, {"quantization_config"});
}

TEST_F(Inspector, NamesShapesThatBitsandbytesGetsWrongOnSomeCpus) {
  tiny_.ffn = 96;  // down_proj: 96 columns; gate and up: 96 rows
  write(made("nf4"), "nf4");
  expect_issue("bnb_wrong_on_avx512", Severity::kElsewhere, 1,
               {"down_proj.weight", "[64, 96]", "file is fine", "AVX-512"});
  expect_issue("bnb_crash_on_avx512_bf16", Severity::kElsewhere, 1, {"[64, 96]", "AVX512_BF16"});
  tiny_.ffn = 100;  // not a multiple of 16: the scalar path is right
  write(made("nf4"), "nf4");
  expect_issue("bnb_crash_on_avx512_bf16", Severity::kElsewhere, 3, {"AVX512_BF16"});
  for (const Issue& issue : inspect(folder_.path())) EXPECT_NE(issue.id, "bnb_wrong_on_avx512");
  tiny_.ffn = 64;
  write(made("nf4", 2048), "nf4");  // from 2048 on bitsandbytes uses PyTorch instead
  for (const Issue& issue : inspect(folder_.path())) EXPECT_NE(issue.id, "bnb_wrong_on_avx512");
}

TEST_F(Inspector, NotesWhatIsUnusualAndLegal) {
  std::vector<MadeTensor> tensors = made("nf4", 32);
  for (MadeTensor& tensor : tensors)
    if (tensor.name == kLayer + ".weight") {
      tensor.dtype = "BF16";
      tensor.shape = {1024, 1};
    }
  for (MadeTensor& part : as_four_bit(tensor_named(tensors, "lm_head.weight"), "nf4", false)) {
    if (part.name == "lm_head.weight")
      tensor_named(tensors, "lm_head.weight") = part;
    else
      tensors.push_back(part);
  }
  write(tensors, "nf4");
  expect_issue("block_not_64", Severity::kNote, 7, {"blocks of 32"});
  expect_issue("storage_not_u8", Severity::kNote, 1, {kLayer + ".weight", "BF16"});
  expect_issue("quantised_head", Severity::kNote, 1, {"lm_head", "nf4"});
}

TEST_F(Inspector, NamesIncompleteFourBitWeights) {
  const std::string weight = kLayer + ".weight";
  const auto without = [&](std::string_view mode, const std::string& suffix) {
    std::vector<MadeTensor> tensors = made(mode);
    drop(tensors, weight + suffix);
    write(tensors, mode);
  };
  without("nf4", ".quant_state.bitsandbytes__nf4");
  expect_issue("quant_state_missing", Severity::kFatal, 1, {weight, "quant_state"});
  without("nf4", ".absmax");
  expect_issue("absmax_missing", Severity::kFatal, 1, {weight + ".absmax"});
  without("nf4", ".quant_map");
  expect_issue("quant_map_missing", Severity::kElsewhere, 1, {weight + ".quant_map"});
  without("nf4-dq", ".nested_absmax");
  expect_issue("nested_scales_wrong", Severity::kFatal, 1, {weight, "nested_absmax"});
  without("nf4-dq", ".nested_quant_map");
  expect_issue("nested_scales_wrong", Severity::kFatal, 1, {weight, "nested_quant_map"});
  without("nf4", "");
  expect_issue("weight_missing", Severity::kFatal, 1, {weight, "missing"});
  std::vector<MadeTensor> tensors = made("nf4");
  for (const char* suffix : {".absmax", ".quant_map", ".quant_state.bitsandbytes__nf4"})
    drop(tensors, weight + suffix);
  write(tensors, "nf4");
  expect_issue("quant_state_missing", Severity::kFatal, 1, {weight, "U8 [2048, 1]"});
}

TEST_F(Inspector, NamesFourBitTensorsOfTheWrongForm) {
  const std::string weight = kLayer + ".weight";
  struct Case {
    std::string mode, suffix;
    MadeTensor replacement;
    std::string id;
    std::vector<std::string> mentions;
  };
  const std::vector<Case> cases = {
      {"nf4", ".absmax", {"", "F32", {63}, std::string(252, 0)}, "absmax_wrong", {"F32 [64]"}},
      {"nf4", ".absmax", {"", "F64", {64}, std::string(512, 0)}, "absmax_wrong", {"F64 [64]"}},
      {"nf4", ".absmax", {"", "BF16", {64, 1}, std::string(128, 0)}, "absmax_wrong", {"BF16"}},
      {"nf4", ".absmax", {"", "U8", {64}, std::string(64, 0)}, "nested_scales_wrong", {"how"}},
      {"nf4", "", {"", "U8", {2047, 1}, std::string(2047, 0)}, "packed_size_wrong", {"2048"}},
      {"nf4", "", {"", "F4", {4096, 1}, std::string(2048, 0)}, "storage_unsupported", {"4 bits"}},
      {"nf4-dq", ".absmax", {"", "U8", {63}, std::string(63, 0)}, "nested_scales_wrong", {"[64]"}},
      {"nf4-dq",
       ".nested_absmax",
       {"", "F32", {2}, std::string(8, 0)},
       "nested_scales_wrong",
       {"F32 [1]"}},
      {"nf4-dq",
       ".nested_quant_map",
       {"", "F32", {16}, std::string(64, 0)},
       "nested_scales_wrong",
       {"F32 [256]"}},
  };
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.mode + bad.suffix + " " + bad.id);
    std::vector<MadeTensor> tensors = made(bad.mode);
    MadeTensor& tensor = tensor_named(tensors, weight + bad.suffix);
    const std::string name = tensor.name;
    tensor = bad.replacement;
    tensor.name = name;
    write(tensors, bad.mode);
    std::vector<std::string> mentions = bad.mentions;
    mentions.push_back(weight);
    expect_issue(bad.id, Severity::kFatal, 1, mentions);
  }
}

TEST_F(Inspector, NamesDamagedQuantStates) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{", "not valid JSON"},
      {"[]", "not an object"},
      {R"({"quant_type": "fp4", "blocksize": 64, "shape": [64, 64]})", "quant_type"},
      {R"({"quant_type": "int4", "blocksize": 64, "shape": [64, 64]})", "quant_type"},
      {R"({"quant_type": "nf4", "blocksize": 63, "shape": [64, 64]})", "blocksize"},
      {R"({"quant_type": "nf4", "blocksize": 16, "shape": [64, 64]})", "blocksize"},
      {R"({"quant_type": "nf4", "blocksize": 8192, "shape": [64, 64]})", "blocksize"},
      {R"({"quant_type": "nf4", "blocksize": "64", "shape": [64, 64]})", "blocksize"},
      {R"({"quant_type": "nf4", "blocksize": 64, "shape": null})", "shape"},
      {R"({"quant_type": "nf4", "blocksize": 64, "shape": [64]})", "shape"},
      {R"({"quant_type": "nf4", "blocksize": 64, "shape": [-64, 64]})", "shape"},
      {R"({"quant_type": "nf4", "blocksize": 64, "shape": [64, 64], "nested_blocksize": 0})",
       "nested_blocksize"},
      {R"({"quant_type": "nf4", "blocksize": 64, "shape": [64, 64], "nested_blocksize": 256})",
       "nested_offset"},
      {R"({"quant_type": "nf4", "blocksize": 64, "shape": [64, 64], "nested_blocksize": 256,)"
       R"( "nested_offset": 1e300})",
       "nested_offset"},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.first);
    std::vector<MadeTensor> tensors = made("nf4");
    MadeTensor& state = tensor_named(tensors, kLayer + ".weight.quant_state.bitsandbytes__nf4");
    state.data = bad.first;
    state.shape = {static_cast<int64_t>(bad.first.size())};
    write(tensors, "nf4");
    expect_issue("quant_state_damaged", Severity::kFatal, 1, {bad.second});
  }
}

TEST_F(Inspector, NamesWhatIsIncompleteBesides) {
  std::vector<MadeTensor> tensors = made("nf4");
  drop(tensors, "model.norm.weight");
  write(tensors, "nf4");
  expect_issue("incomplete", Severity::kFatal, 0, {"model.norm.weight"});
}

TEST_F(Inspector, FindsScalesThatOnlyValuesShow) {
  const auto set_first = [](MadeTensor& tensor, float value) {
    std::memcpy(tensor.data.data(), &value, sizeof value);
  };
  struct Case {
    const char *mode, *suffix;
    float value;
  };
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Case& bad : {Case{"int8", ".SCB", infinity}, Case{"int8", ".SCB", -1.0F},
                          Case{"nf4", ".weight.absmax", NAN}, Case{"fp4", ".weight.absmax", -0.5F},
                          Case{"nf4-dq", ".weight.nested_absmax", infinity},
                          Case{"nf4-dq", ".weight.nested_quant_map", NAN}}) {
    SCOPED_TRACE(std::string(bad.mode) + bad.suffix);
    std::vector<MadeTensor> tensors = made(bad.mode);
    set_first(tensor_named(tensors, kLayer + bad.suffix), bad.value);
    write(tensors, bad.mode);
    const Checkpoint checkpoint = Checkpoint::open(folder_.path());
    expect_error([&] { checkpoint.matrix(kLayer + ".weight"); }, ErrorKind::kCheckpoint,
                 {"model.safetensors", kLayer + ".weight", "finite"});
    const std::vector<Issue> issues = inspect_values(checkpoint);
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].id, "scales_not_finite");
    EXPECT_EQ(issues[0].tensors, (std::vector<std::string>{kLayer + ".weight"}));
  }
}

}  // namespace
}  // namespace nety::checkpoint
