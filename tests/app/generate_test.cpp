// Text and logits from the command line.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/app/run.h"

namespace nety::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTokens = "1,17,42,99,3,64,127,8,30,55,2,110";

// The floats of the one F32 tensor called "logits" in a safetensors file.
std::vector<float> logits_of(const std::string& path) {
  const std::string file = slurp(path);
  uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  const json header = json::parse(file.substr(8, length));
  const auto offsets = header.at("logits").at("data_offsets").get<std::vector<size_t>>();
  std::vector<float> values((offsets[1] - offsets[0]) / sizeof(float));
  std::memcpy(values.data(), file.data() + 8 + length + offsets[0], values.size() * sizeof(float));
  return values;
}

void expect_transformers_logits(const std::string& options) {
  const std::string out = (test_folder() / "logits.safetensors").string();
  const Outcome result = run("logits '" + data("checkpoints/fp32") + "' --tokens " + kTokens +
                             " -o '" + out + "' " + options);
  ASSERT_EQ(result.code, 0) << result.err;
  const auto got = logits_of(out);
  const auto want = logits_of(data("checkpoints/fp32/expected.safetensors"));
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-4) << i << " " << options;
}

TEST(Logits, AreThoseOfTransformersAtOnceAndOneByOne) {
  expect_transformers_logits("");
  expect_transformers_logits("--one-by-one");
}

TEST(Logits, AreThoseOfTransformersOnTorchToo) {
  const Outcome probe =
      run("logits '" + data("checkpoints/fp32") + "' --tokens 1 -o /dev/null --backend torch");
  if (probe.code != 0) GTEST_SKIP() << "not run: " << probe.err;
  expect_transformers_logits("--backend torch");
  expect_transformers_logits("--backend torch --one-by-one");
}

TEST(Logits, RefuseTokensThatAreNone) {
  const std::string command = "logits '" + data("checkpoints/fp32") + "' -o /dev/null --tokens ";
  EXPECT_EQ(run(command + "1,x").code, 2);
  EXPECT_EQ(run(command + "1,-2").code, 2);
  EXPECT_EQ(run(command + "128").code, 2);
  EXPECT_EQ(run(command + "''").code, 2);
  EXPECT_EQ(run("logits '" + data("checkpoints/fp32") + "' --tokens 1").code, 2);
  EXPECT_EQ(run("logits '" + data("checkpoints/fp32") + "' --tokens 1 -o /no/such/folder/x").code,
            1);
}

TEST(Generate, SaysThatTheTokenizerIsMissing) {
  const Outcome result = run("generate '" + data("checkpoints/fp32") + "' --raw -p x");
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.err, HasSubstr("tokenizer"));
}

class DefaultModel : public testing::Test {
 protected:
  void SetUp() override {
    if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  }
};

TEST_F(DefaultModel, AnswersWithTheCapitalOfFrance) {
  const Outcome result = run("generate --mode fp32 --greedy -p 'What is the capital of France?'");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "The capital of France is Paris.\n");
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));  // no colours in a pipe
  EXPECT_THAT(result.err, Not(HasSubstr("\r")));    // no bars either
}

TEST_F(DefaultModel, ReadsThePromptFromAFileOrAPipe) {
  const auto file = test_folder() / "prompt.txt";
  std::ofstream(file) << "What is the capital of France?\n";
  const std::string options = "generate --mode fp32 --greedy ";
  EXPECT_EQ(run(options + "-f '" + file.string() + "'").out, "The capital of France is Paris.\n");
  EXPECT_EQ(run(options, "printf 'What is the capital of France?\\n' |").out,
            "The capital of France is Paris.\n");
  EXPECT_EQ(run(options + "-p x -f '" + file.string() + "'").code, 2);
  EXPECT_EQ(run(options + "-f /no/such/file").code, 1);
  EXPECT_EQ(run(options + "--raw").code, 2);  // an empty prompt
}

TEST_F(DefaultModel, PrintsOneJsonObject) {
  const Outcome result = run("generate --json --greedy -n 3 -p Hello");
  ASSERT_EQ(result.code, 0) << result.err;
  const json object = json::parse(result.out);
  EXPECT_EQ(object["output_ids"].size(), 3U);
  EXPECT_EQ(object["finish_reason"], "length");
  EXPECT_EQ(object["mode"], "stored");
  EXPECT_EQ(object["backend"], "native");
  EXPECT_GT(object["timings"]["ttft_s"].get<double>(), 0);
  EXPECT_GT(object["prompt_ids"].size(), 10U);
}

TEST_F(DefaultModel, StopsAtAStopTextWithoutPrintingIt) {
  const Outcome result =
      run("generate --mode fp32 --greedy --stop Paris -p 'What is the capital of France?'");
  EXPECT_EQ(result.out, "The capital of France is \n");
}

TEST_F(DefaultModel, RepeatsItselfWithASeed) {
  const std::string command = "generate --seed 7 --temp 1 -n 20 -p 'Tell me a story.'";
  EXPECT_EQ(run(command).out, run(command).out);
}

TEST_F(DefaultModel, AnswersSeveralTimesAsEachSeedDoesAlone) {
  const std::string command = "generate --temp 1 -n 12 -p 'Tell me a story.' ";
  const Outcome several = run(command + "--seed 7 --answers 3 --json --logprobs 2");
  ASSERT_EQ(several.code, 0) << several.err;
  const json object = json::parse(several.out);
  ASSERT_EQ(object["answers"].size(), 3U);
  std::string text;
  for (int i = 0; i < 3; ++i) {
    const json alone =
        json::parse(run(command + "--json --logprobs 2 --seed " + std::to_string(7 + i)).out);
    const json& answer = object["answers"][static_cast<size_t>(i)];
    for (const char* member : {"output_ids", "text", "finish_reason", "seed", "logprobs"})
      EXPECT_EQ(answer[member], alone[member]) << member;
    EXPECT_EQ(answer["logprobs"].size(), 12U);
    EXPECT_EQ(answer["logprobs"][0]["top"].size(), 2U);
    const auto said = answer["text"].get<std::string>();
    text += fmt::format("{}Answer {} of 3, seed {}:\n{}{}", i == 0 ? "" : "\n", i + 1, 7 + i, said,
                        said.ends_with('\n') ? "" : "\n");
  }
  EXPECT_EQ(run(command + "--seed 7 --answers 3", "LANG=C").out, text);
  EXPECT_EQ(run(command + "--logprobs 2").code, 2);
  EXPECT_EQ(run(command + "--json --logprobs 21").code, 2);
}

TEST_F(DefaultModel, IsNarrowedByEveryOption) {
  const std::string command = "generate --seed 3 --temp 1.5 -n 8 -p Hello ";
  const std::string usual = run(command).out;
  for (const char* option : {"--top-k 1", "--top-p 0.01", "--min-p 1", "--typical 0.05",
                             "--top-n-sigma 0.01", "--repeat-penalty 50", "--frequency-penalty -2",
                             "--presence-penalty -2", "--logit-bias 198:100"}) {
    const Outcome outcome = run(command + option);
    EXPECT_EQ(outcome.code, 0) << option << outcome.err;
    EXPECT_NE(outcome.out, usual) << option;
  }
  for (const char* option : {"--typical 0", "--top-n-sigma -1", "--frequency-penalty 2.1",
                             "--penalty-window -1", "--logit-bias 5", "--logit-bias x:1",
                             "--logit-bias 5:101", "--logit-bias 999999:1", "--answers 0"})
    EXPECT_EQ(run(command + option).code, 2) << option;
}

TEST_F(DefaultModel, ForgetsTheOldestTurnsWhenTheContextIsFull) {
  std::string talk;
  for (int i = 0; i < 6; ++i)
    talk += "Say a few words about the number " + std::to_string(i) + ".\\n";
  const Outcome outcome = run("--lang en chat --greedy --ctx 128 -n 24 --system 'You are brief.'",
                              "printf '" + talk + "' |");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("oldest turns are no longer read"));
}

TEST_F(DefaultModel, RefusesAPromptLongerThanTheContext) {
  const Outcome result = run("generate --ctx 8 -p 'What is the capital of France?'");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("context of 8"));
}

TEST_F(DefaultModel, SpeaksFrench) {
  const Outcome french = run("--lang fr generate -n 1 -p x");
  const Outcome english = run("generate -n 1 -p x", "LANG=C");
  EXPECT_THAT(french.err, HasSubstr("Périphérique"));
  EXPECT_THAT(english.err, HasSubstr("Device"));
}

TEST_F(DefaultModel, TellsItsPlanWithoutLoading) {
  const Outcome plan = run("generate --dry-run --mode fp32 -p x");
  EXPECT_EQ(plan.code, 0);
  EXPECT_THAT(plan.out, HasSubstr("538 MB"));
  EXPECT_THAT(run("fit").out, HasSubstr("nf4"));
}

TEST_F(DefaultModel, TokenizesWhatItIsGiven) {
  EXPECT_EQ(run("tokenize --json -p 'Hello world'").out, "{\"ids\": [19556, 905]}\n");
  EXPECT_EQ(run("tokenize --json").out, "{\"ids\": []}\n");
}

TEST_F(DefaultModel, TalksOverAPipe) {
  const Outcome result =
      run("chat --mode fp32 --greedy", "printf 'What is the capital of France?\\n/exit\\n' |");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "The capital of France is Paris.\n");
}

TEST_F(DefaultModel, SaysWhenItsOutputCannotBeWritten) {
  const auto folder = test_folder();
  const std::string line =
      fmt::format("'{}' generate --greedy -n 5 -p x >/dev/full 2>'{}' </dev/null", nety(),
                  (folder / "stderr").string());
  const int status = std::system(line.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(slurp(folder / "stderr"), HasSubstr("cannot write"));
}

}  // namespace
}  // namespace nety::app
