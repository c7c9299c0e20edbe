// nety bench as a user runs it, on a shape small enough to take no time.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/results/results.h"
#include "run.h"
#include "tests/schema.h"

namespace nety::app {
namespace {

using Json = nlohmann::json;

class BenchCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "config.json")
        << R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 128,
               "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
               "intermediate_size": 256, "vocab_size": 512})";
  }
  std::string shape() const { return " --shape '" + (folder_ / "config.json").string() + "' "; }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  /// More rounds than there is time for, ended by that signal once a row was written; the exit
  /// code.
  int run_until_a_row(const std::string& signal) const {
    for (const char* name : {"x.json", "x.jsonl"}) std::filesystem::remove(file(name));
    const std::string line =
        "'" + nety() + "' bench" + shape() +
        "--modes fp32,nf4 --backends native -p 8 -n 4 -r 1000 -o '" + file("x.json") + "' -o '" +
        file("x.jsonl") + "' >/dev/null 2>&1 </dev/null & pid=$!; " +
        "for i in $(seq 1000); do grep -q '\"type\":\"result\"' '" + file("x.jsonl") +
        "' 2>/dev/null && break; sleep 0.05; done; kill -" + signal + " $pid; wait $pid";
    const int status = std::system(line.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  static std::vector<Json> lines(const std::string& text) {
    std::vector<Json> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) all.push_back(Json::parse(line));
    return all;
  }

  std::filesystem::path folder_ = test_folder();
};

TEST_F(BenchCommand, MeasuresAShapeInEveryModeAndFormat) {
  const Outcome outcome =
      run("bench" + shape() +
          "--modes fp32,int8,nf4-dq,q4_1 --backends native -p 8 -n 4 -r 1 --quick -o '" +
          file("x.json") + "' -o '" + file("x.jsonl") + "' -o '" + file("x.gbench.json") +
          "' -o '" + file("x.bmf.json") + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string text = slurp(file("x.json"));
  EXPECT_EQ(results::problems_of(text), std::vector<std::string>{});
  int decoded = 0;
  const Json json = Json::parse(text);
  for (const Json& row : json.at("results")) {
    if (row.at("mode") == "q4_1" && row.at("phase") == "load") {
      EXPECT_EQ(row.at("status"), "unsupported");
      EXPECT_NE(row.at("reason").get<std::string>().find("only read from files"),
                std::string::npos);
    }
    if (row.at("phase") == "decode" && row.at("status") == "ok") ++decoded;
  }
  EXPECT_EQ(decoded, 3);
  EXPECT_GT(lines(slurp(file("x.jsonl"))).size(), 12U);
  EXPECT_EQ(results::problems_of_lines(slurp(file("x.jsonl"))), std::vector<std::string>{});
  EXPECT_FALSE(Json::parse(slurp(file("x.gbench.json"))).at("benchmarks").empty());
}

TEST_F(BenchCommand, KeepsWhatItMeasuredWhenInterrupted) {
  EXPECT_EQ(run_until_a_row("INT"), 130);
  const std::string text = slurp(file("x.json"));
  ASSERT_FALSE(text.empty());
  EXPECT_EQ(results::problems_of(text), std::vector<std::string>{});
}

TEST_F(BenchCommand, TakesTwoInterruptsOfOneMomentForOne) {  // as `timeout -s INT` sends them
  EXPECT_EQ(run_until_a_row("INT $pid; kill -INT"), 130);
  EXPECT_EQ(results::problems_of(slurp(file("x.json"))), std::vector<std::string>{});
}

TEST_F(BenchCommand, LeavesWholeLinesWhenItIsKilled) {
  EXPECT_EQ(run_until_a_row("KILL"), 128 + 9);
  const std::vector<Json> rows = lines(slurp(file("x.jsonl")));
  ASSERT_GT(rows.size(), 1U);
  EXPECT_EQ(results::problems_of_lines(slurp(file("x.jsonl"))), std::vector<std::string>{});
  EXPECT_EQ(rows.back().at("type"), "result");
}

TEST_F(BenchCommand, PlansAShapeWithoutLoadingIt) {
  const Outcome outcome = run("fit --shape mistral-7b --ctx 4096 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json.at("parameters"), 7241732096);
  EXPECT_EQ(json.at("modes")[0].at("mode"), "fp32");
  EXPECT_EQ(json.at("modes")[0].at("weights_bytes"), 4 * 7241732096);
  EXPECT_EQ(json.at("modes")[0].at("kv_bytes"), int64_t{2} * 32 * 8 * 128 * 4096 * 4);
  EXPECT_EQ(run("fit --shape no-such-shape").code, 2);
  EXPECT_EQ(run("fit --shape mistral-7b some.gguf").code, 2);
}

TEST_F(BenchCommand, TakesABudgetThatIsATimeOrNone) {
  for (const std::string budget : {"soon", "-3", "0", "5 parsecs"}) {
    const Outcome refused =
        run("bench '" + data("checkpoints/fp32") + "' --budget '" + budget + "'");
    EXPECT_EQ(refused.code, 2) << budget;
    EXPECT_NE(refused.err.find("is no time"), std::string::npos) << refused.err;
  }
  const Outcome endless = run("bench '" + data("checkpoints/fp32") +
                              "' --backends native --modes fp32 -p 4 -n 2 -r 1 --budget none");
  EXPECT_EQ(endless.code, 0) << endless.err;
  EXPECT_NE(run("bench --help").out.find("175s without -r"), std::string::npos);
}

TEST_F(BenchCommand, RefusesQualityOfRandomWeights) {
  for (const char* quality : {"--quality", "--quality=some.txt"}) {
    const Outcome outcome = run("bench" + shape() + "--modes fp32 --quick " + quality);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--quality"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("--shape"), std::string::npos) << outcome.err;
  }
}

TEST_F(BenchCommand, SaysWhatDoesNotFit) {
  const Outcome outcome = run(
      "bench --shape llama-3.1-70b --modes fp32 --backends native --quick -p 4 -n 2 -r 1 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json row = Json::parse(outcome.out).at("results").at(0);
  EXPECT_EQ(row.at("status"), "does_not_fit");
  const std::string reason = row.at("reason");
  EXPECT_EQ(reason.find("does not fit: "), 0U) << reason;
  EXPECT_NE(reason.find(" and a tenth to spare, "), std::string::npos) << reason;
  EXPECT_NE(reason.find("(weights 282 GB, "), std::string::npos) << reason;
}

TEST_F(BenchCommand, LeavesTheOtherRowsWhenMemoryIsLimited) {
  if (run("--version", "ulimit -v 500000;").code != 0)
    GTEST_SKIP() << "a sanitizer needs more address space than this leaves";
  // 131 million weights: 0.5 GB in fp32, a fifth of that in nf4.
  std::ofstream(folder_ / "config.json")
      << R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 2048,
             "num_hidden_layers": 2, "num_attention_heads": 16, "num_key_value_heads": 16,
             "intermediate_size": 8192, "vocab_size": 512})";
  const Outcome outcome =
      run("bench" + shape() + "--modes fp32,nf4 --backends native --quick -p 4 -n 2 -r 1 --json",
          "ulimit -v 500000;");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(results::problems_of(outcome.out), std::vector<std::string>{});
  const Json json = Json::parse(outcome.out);
  for (const Json& row : json.at("results"))
    if (row.at("phase") == "load") {
      EXPECT_EQ(row.at("status"), row.at("mode") == "fp32" ? "does_not_fit" : "ok")
          << row.at("reason");
    }
}

TEST_F(BenchCommand, BecomesTheKernelBenchmarks) {
  const std::string program = build_directory() + "/nety-kernels";
  if (!std::filesystem::exists(program)) {
    const Outcome outcome = run("kernels");
    EXPECT_EQ(outcome.code, 5);
    EXPECT_NE(outcome.err.find("libbenchmark-dev"), std::string::npos);
    GTEST_SKIP() << "built without Google Benchmark";
  }
  const Outcome outcome =
      run("kernels --benchmark_filter='_scalar/smollm2-135m.mlp.down_proj.*(t1|576x1536)$' "
          "--benchmark_min_time=0.0001 --benchmark_format=json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_GT(json.at("benchmarks").size(), 8U);
  for (const Json& one : json.at("benchmarks")) {
    EXPECT_FALSE(one.contains("error_occurred")) << one;
    EXPECT_GT(one.at("bytes_per_second").get<double>(), 0) << one.at("name");
  }
  EXPECT_EQ(run("kernels --no-such-flag").code, 2);
}

}  // namespace
}  // namespace nety::app
