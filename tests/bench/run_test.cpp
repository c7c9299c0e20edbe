// Whole runs over fake engines in real worker processes: one bad configuration is one bad row.
#include "bench/run.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <tuple>

#include "bench/evaluation_text.h"
#include "bench/measure_mode.h"
#include "core/measure/stopwatch.h"
#include "core/results/json.h"
#include "tests/bench/runs.h"
#include "tests/schema.h"

namespace nety::bench {
namespace {

using results::Result;
using results::Status;

BenchRequest request(std::vector<std::string> modes) {
  BenchRequest request = fake_request(std::move(modes));
  request.repetitions = 6;
  request.load_passes = 1;
  return request;
}

double value(const Result& row, const std::string& metric) {
  const auto found = row.metrics.find(metric);
  if (found == row.metrics.end() || !found->second.median) {
    ADD_FAILURE() << row.mode << " " << row.phase << " has no " << metric;
    return 0;
  }
  return *found->second.median;
}

results::File measure(const BenchRequest& what) {
  Observer observer;
  return run(what, test_machine(), observer);
}

TEST(Run, MeasuresEveryMetricOfAGoodMode) {
  const results::File file = measure(request({"fp32"}));
  ASSERT_EQ(file.results.size(), 4U);
  for (const Result& row : file.results) {
    EXPECT_EQ(row.status, Status::kOk) << row.phase << ": " << row.reason;
    EXPECT_EQ(row.machine, "test-machine");
    EXPECT_EQ(row.model, "fake-1");
    EXPECT_EQ(row.kernel, "fake fp32");
    EXPECT_EQ(row.threads, 2);
  }
  const Result& load = find(file, "fp32", "load");
  EXPECT_GT(value(load, "load_s"), 0);
  EXPECT_EQ(load.metrics.at("load_s").n, 2);
  EXPECT_GT(value(load, "ready_to_first_s"), value(load, "load_s"));
  EXPECT_EQ(value(load, "weights_bytes"), 4000);
  EXPECT_EQ(value(load, "kv_bytes"), 256);
  EXPECT_GT(value(load, "peak_rss_bytes"), value(load, "peak_anon_bytes"));
  EXPECT_EQ(value(load, "load_convert_s"), 0.002);
  const Result& decode = find(file, "fp32", "decode");
  EXPECT_GT(value(decode, "tg_tps"), 1);
  EXPECT_LE(value(decode, "tg_tps"), 500);  // 2 ms a token
  EXPECT_EQ(decode.metrics.at("tg_tps").n, 6);
  EXPECT_TRUE(decode.metrics.at("tg_tps").ci);
  EXPECT_EQ(value(decode, "bytes_per_token"), 4004);
  const auto samples = [&decode](const char* name) { return decode.metrics.at(name).samples; };
  for (size_t i = 0; i < 6; ++i)  // paired sample by sample
    EXPECT_DOUBLE_EQ(samples("mbu")[i],
                     samples("tg_tps")[i] * 4004 / samples("read_bandwidth_bytes_per_s")[i]);
  EXPECT_EQ(find(file, "fp32", "prefill").metrics.at("pp_tps").n, 6);
  EXPECT_EQ(decode.metrics.at("itl_s").n, 6 * 8);
  EXPECT_GE(value(decode, "itl_p50_s"), 0.002);
  EXPECT_FALSE(decode.metrics.at("itl_p99_s").median);
  EXPECT_EQ(decode.metrics.at("itl_p99_s").reason, "p99 needs 1000 samples, there are 48");
  EXPECT_GT(value(load, "steady_rss_bytes"), 0);
  EXPECT_EQ(value(load, "cached_share"), 1);
  EXPECT_NE(load.metrics.at("load_s").inputs.at(0).find("warm"), std::string::npos);
  EXPECT_GE(value(load, "load_fault_s"), 0);
  const Result& prefill = find(file, "fp32", "prefill");
  EXPECT_NEAR(value(prefill, "mfu"),
              1e6 * value(prefill, "pp_tps") / value(prefill, "fma_peak_ops_per_s"),
              value(prefill, "mfu"));  // medians of ratios, not the ratio of medians
  const Result& generate = find(file, "fp32", "generate");
  EXPECT_GE(value(generate, "ttft_s"), 0.002);  // the second token is the first that shows
  EXPECT_NEAR(value(generate, "e2e_tg_tps") * value(generate, "tpot_s"), 1, 0.2);
  ASSERT_EQ(file.models.size(), 1U);
  EXPECT_EQ(file.models[0].stored, "Q4_1 x 3");
  EXPECT_EQ(file.workload.repetitions, 6);
}

class FailingMode : public ::testing::TestWithParam<std::tuple<const char*, const char*, Status>> {
};

TEST_P(FailingMode, IsOneRowsStatusAndLeavesTheOthers) {
  const auto& [mode, phase, status] = GetParam();
  BenchRequest what = request({"fp32", mode, "bf16"});
  what.repetitions = 2;
  if (std::string(mode) == "hang") what.command_limit_s = 5;
  const results::File file = measure(what);
  ASSERT_EQ(file.results.size(), 12U);
  const Result& bad = find(file, mode, phase);
  EXPECT_EQ(bad.status, status) << bad.reason;
  EXPECT_FALSE(bad.reason.empty());
  EXPECT_EQ(bad.model, "fake-1");
  for (const Result& row : file.results) {
    if (row.mode != mode) {
      EXPECT_EQ(row.status, Status::kOk) << row.mode << " " << row.phase;
      continue;
    }
    if (row.status == Status::kSkipped) {
      EXPECT_FALSE(row.reason.empty());
    }
  }
  EXPECT_EQ(find(file, "bf16", "decode").metrics.at("tg_tps").n, 2);
}

INSTANTIATE_TEST_SUITE_P(EveryWay, FailingMode,
                         ::testing::Values(std::tuple{"too_big", "load", Status::kDoesNotFit},
                                           std::tuple{"bad_alloc", "load", Status::kDoesNotFit},
                                           std::tuple{"unsupported", "load", Status::kUnsupported},
                                           std::tuple{"broken", "load", Status::kError},
                                           std::tuple{"abort", "decode", Status::kCrashed},
                                           std::tuple{"kill", "decode", Status::kCrashed},
                                           std::tuple{"hang", "decode", Status::kTimeout},
                                           std::tuple{"quiet_exit", "decode", Status::kCrashed},
                                           std::tuple{"grow", "decode", Status::kDoesNotFit},
                                           std::tuple{"garbage", "decode", Status::kError},
                                           std::tuple{"throws", "prefill", Status::kError}),
                         [](const auto& test) { return std::string(std::get<0>(test.param)); });

TEST(Run, SlicesDecodeAndLooksAtTheBandwidthBetween) {
  BenchRequest what = request({"fp32"});
  what.gens = {70};  // two slices of 35
  what.depths = {5};
  what.repetitions = 2;
  const results::File file = measure(what);
  const Result& decode = find(file, "fp32", "decode");
  EXPECT_EQ(decode.metrics.at("tg_tps").n, 2);
  EXPECT_EQ(decode.metrics.at("mbu").n, 4);
  EXPECT_EQ(decode.metrics.at("itl_s").n, 2 * 70);
  // Half of the bytes at depth 5 + 17, half at depth 40 + 17.
  EXPECT_DOUBLE_EQ(value(decode, "bytes_per_token"), 4000 + (22 + 57) / 2.0);
}

TEST(Run, WritesFilesThatTheSchemaDescribes) {
  BenchRequest what = request({"fp32", "bf16", "kill", "too_big", "nan"});
  what.repetitions = 1;
  what.quality_text = std::string(evaluation_text()).substr(0, 2000);
  EXPECT_EQ(results::problems_of(results::to_json(measure(what))), std::vector<std::string>{});
}

TEST(Run, KeepsOtherRowsOfAModeThatFailsInOne) {
  const results::File file = measure(request({"throws"}));
  EXPECT_EQ(find(file, "throws", "load").status, Status::kOk);
  EXPECT_EQ(find(file, "throws", "prefill").reason, "prefill is not possible");
  EXPECT_EQ(find(file, "throws", "decode").status, Status::kOk);
}

TEST(Run, ComparesQualityWithTheReference) {
  BenchRequest what = request({"far", "bf16", "fp32", "drift"});
  what.repetitions = 1;
  what.quality_text = std::string(evaluation_text());
  what.quality_name = std::string(kEvaluationTextName);
  const results::File file = measure(what);
  const Result& reference = find(file, "fp32", "quality");
  EXPECT_EQ(value(reference, "kld"), 0);
  EXPECT_EQ(value(reference, "top1_agreement"), 1);
  EXPECT_EQ(value(reference, "repeat_difference"), 0);
  EXPECT_NEAR(std::exp(value(reference, "nll")), value(reference, "perplexity"), 1e-9);
  EXPECT_EQ(reference.metrics.at("perplexity").unit, "tokens");
  EXPECT_TRUE(reference.metrics.at("nll").ci);
  EXPECT_EQ(value(reference, "aa_kld"), 0);  // the fake is the same on any number of threads
  EXPECT_EQ(value(reference, "aa_top1_agreement"), 1);
  for (const Result& row : file.results) EXPECT_EQ(row.threads, 2) << row.mode;
  const Result& near = find(file, "bf16", "quality");
  EXPECT_GT(value(near, "kld"), 0);
  EXPECT_LT(value(near, "kld"), 1e-3);
  const Result& far = find(file, "far", "quality");
  EXPECT_GT(value(far, "kld"), 0.1);
  EXPECT_LT(value(far, "top1_agreement"), 0.9);
  EXPECT_LE(value(far, "kld_median"), value(far, "kld_p99"));
  EXPECT_LE(value(far, "kld_p99"), value(far, "kld_max"));
  EXPECT_NEAR(value(far, "nll_delta"), value(far, "nll") - value(reference, "nll"), 1e-9);
  EXPECT_LT(value(far, "greedy_divergence"), value(near, "greedy_divergence") + 1);
  EXPECT_GT(value(find(file, "drift", "quality"), "repeat_difference"), 0);
  EXPECT_EQ(file.workload.quality_text, "nety-evaluation-1");
}

TEST(Run, SaysWhyThereIsNoComparison) {
  BenchRequest what = request({"bf16", "nan"});
  what.repetitions = 1;
  what.quality_text = "a short text is one window";
  const results::File file = measure(what);
  const Result& row = find(file, "bf16", "quality");
  EXPECT_GT(value(row, "nll"), 0);
  EXPECT_FALSE(row.metrics.at("kld").median);
  EXPECT_NE(row.metrics.at("kld").reason.find("no fp32 row"), std::string::npos);
  const Result& nan = find(file, "nan", "quality");
  EXPECT_EQ(nan.status, Status::kOk);
  EXPECT_FALSE(nan.metrics.at("nll").median);
  EXPECT_NE(nan.metrics.at("nll").reason.find("not finite"), std::string::npos);
}

TEST(Run, MeasuresInGroupsWhereMemoryIsShort) {
  results::Machine small = test_machine();
  small.memory_available_bytes = 1 << 20;  // less than any worker
  Observer observer;
  BenchRequest what = request({"fp32", "bf16"});
  what.repetitions = 2;
  what.quality_text = "some text";
  const results::File file = run(what, small, observer);
  EXPECT_EQ(find(file, "bf16", "decode").metrics.at("tg_tps").n, 2);
  EXPECT_FALSE(find(file, "bf16", "quality").metrics.at("kld").median);
}

TEST(Run, KeepsToItsBudget) {
  BenchRequest what = request({"fp32", "bf16"});
  what.repetitions = 100000;
  what.budget_s = 2;
  const measure::Stopwatch watch;
  const results::File file = measure(what);
  EXPECT_LT(watch.seconds(), 60);  // the machine may be busy
  const int64_t n = find(file, "fp32", "decode").metrics.at("tg_tps").n;
  EXPECT_LT(n, 1000);
  EXPECT_LE(std::abs(n - find(file, "bf16", "decode").metrics.at("tg_tps").n), 1);
}

class Interrupter : public Observer {
 public:
  void step(const Step& step) override { labels_.insert(step.what); }
  void row(const Result& row) override {
    if (row.phase == "decode" && !row.metrics.empty()) stop_ = true;
  }
  void progress(const std::string& label, double, double total) override {
    if (label == "Loading weights" && total == 3) ++progress_;
  }
  bool interrupted() override { return stop_; }
  std::set<std::string> labels_;
  int progress_ = 0;

 private:
  bool stop_ = false;
};

TEST(Run, KeepsWhatWasMeasuredWhenInterrupted) {
  Interrupter observer;
  BenchRequest what = request({"fp32", "bf16"});
  const results::File file = run(what, test_machine(), observer);
  EXPECT_EQ(find(file, "fp32", "decode").metrics.at("tg_tps").n, 1);
  EXPECT_EQ(find(file, "bf16", "decode").status, Status::kSkipped);
  ASSERT_EQ(file.warnings.size(), 1U);
  EXPECT_EQ(observer.labels_.count("bf16 native: load"), 1U);
  EXPECT_GE(observer.progress_, 4);
}

TEST(Run, SaysWhenNoWorkerCanStart) {
  BenchRequest what = request({"fp32"});
  what.worker = {"/nonexistent/nety", "worker"};
  const results::File file = measure(what);
  EXPECT_EQ(find(file, "fp32", "load").status, Status::kError);
  EXPECT_EQ(find(file, "fp32", "decode").status, Status::kSkipped);
}

TEST(RandomTokens, AreTheSameEverywhereAndInRange) {
  const std::vector<int32_t> tokens = random_token_ids(1, 4, 49152);
  EXPECT_EQ(tokens, random_token_ids(1, 4, 49152));
  EXPECT_NE(tokens, random_token_ids(2, 4, 49152));
  for (const int32_t token : random_token_ids(3, 1000, 7)) {
    EXPECT_GE(token, 0);
    EXPECT_LT(token, 7);
  }
}

}  // namespace
}  // namespace nety::bench
