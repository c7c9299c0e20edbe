// nety quantize as a user meets it: a directory that runs, or nothing and a reason.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/app/run.h"

namespace nety::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string saved(const std::string& name) { return data("checkpoints/" + name); }

/// A folder that does not exist yet, in the test's own.
fs::path fresh(const std::string& name) {
  const fs::path path = test_folder() / name;
  fs::remove_all(path);
  return path;
}

Outcome quantize(const std::string& source, const fs::path& made, const std::string& options) {
  return run("quantize '" + source + "' '" + made.string() + "' " + options);
}

/// Names in `folder` but the two that run() leaves there.
std::vector<std::string> left_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name != "stdout" && name != "stderr") names.push_back(name);
  }
  return names;
}

TEST(Quantize, WritesWhatTransformersSavesAndRunsIt) {
  for (const std::string mode : {"int8", "nf4", "nf4-dq", "fp4", "fp4-dq"}) {
    SCOPED_TRACE(mode);
    const fs::path made = fresh(mode);
    const Outcome outcome = quantize(saved("fp32"), made, "--mode " + mode);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(mode));
    // Tensor by tensor: convert_test.
    for (const char* name : {"config.json", "generation_config.json"})
      EXPECT_EQ(slurp(made / name), slurp(fs::path(saved(mode)) / name)) << name;
    const std::string logits = (test_folder() / "logits.safetensors").string();
    EXPECT_EQ(run("logits '" + made.string() + "' --tokens 1,17,42 -o '" + logits + "'").code, 0);
  }
}

TEST(Quantize, LeadsOutOfBitsandbytesFormats) {
  for (const std::string mode : {"fp32", "bf16", "fp16"}) {
    const fs::path made = fresh(mode);
    const Outcome outcome = quantize(saved("nf4-saved-after-forward"), made, "--mode " + mode);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("AVX512_BF16")) << "the repair is not told";
    const auto config = nlohmann::json::parse(slurp(made / "config.json"));
    EXPECT_FALSE(config.contains("quantization_config"));
  }
}

TEST(Quantize, OverwritesNothing) {
  const fs::path made = fresh("made");
  fs::create_directories(made);
  std::ofstream(made / "mine.txt") << "mine";
  const Outcome outcome = quantize(saved("fp32"), made, "--mode nf4");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("exists"));
  EXPECT_EQ(left_in(made), std::vector<std::string>{"mine.txt"});
}

TEST(Quantize, LeavesNothingBehindWhenItFails) {
  const fs::path folder = fresh("folder");
  fs::create_directories(folder);
  const Outcome damaged = quantize(saved("int8-missing-scb"), folder / "made", "--mode bf16");
  EXPECT_EQ(damaged.code, 7);
  EXPECT_THAT(damaged.err, HasSubstr("SCB"));
  EXPECT_THAT(left_in(folder), testing::IsEmpty());
  EXPECT_EQ(quantize(saved("fp32"), folder / "no/such/folder", "--mode bf16").code, 1);
}

TEST(Quantize, SaysWhatIsMissingFromTheCommandLine) {
  const fs::path made = fresh("made");
  const Outcome no_mode = quantize(saved("fp32"), made, "");
  EXPECT_EQ(no_mode.code, 2);
  EXPECT_THAT(no_mode.err, HasSubstr("nf4-dq"));
  EXPECT_EQ(quantize(saved("fp32"), made, "--mode q4_1").code, 2);
  EXPECT_EQ(quantize(saved("fp32"), made, "--mode nonsense").code, 2);
  EXPECT_EQ(run("quantize '" + saved("fp32") + "' --mode nf4").code, 2);
  EXPECT_FALSE(fs::exists(made));
}

TEST(Quantize, IsToldInFrench) {
  const Outcome outcome = quantize(saved("fp32"), fresh("made"), "--mode nf4 --lang fr");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("de poids"));
}

TEST(Quantize, MakesADirectoryWithATokenizerFromAGguf) {
  const std::string model = default_model();
  if (model.empty()) GTEST_SKIP() << "the default model is not in the cache";
  const fs::path made = fresh("made");
  const Outcome outcome = quantize(model, made, "--mode nf4");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string text = "-p 'def f(x): return 12345 # été, naïve <|im_start|>'";
  EXPECT_EQ(run("tokenize '" + made.string() + "' --json " + text).out,
            run("tokenize '" + model + "' --json " + text).out);
  const auto config = nlohmann::json::parse(slurp(made / "config.json"));
  EXPECT_EQ(config["model_type"], "llama");
  EXPECT_EQ(config["quantization_config"]["bnb_4bit_quant_type"], "nf4");
  fs::remove_all(made);
}

}  // namespace
}  // namespace nety::app
