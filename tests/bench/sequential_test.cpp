// Whole runs by slices, over fake engines in real worker processes. A run that outlives its budget
// is ended by ctest: how late one may be says docs/statistics.md, not a test on a machine that
// others use too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bench/evaluation_text.h"
#include "bench/run.h"
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
  request.load_passes = 0;
  request.slices = true;
  request.budget_s = 60;
  request.chosen_mode = "fp32";
  request.chosen_backend = "native";
  return request;
}

class Listening : public Observer {
 public:
  void expect(const Expectation& expectation) override {
    ++told;
    last = expectation;
  }
  void step(const Step& step) override {
    EXPECT_LE(step.done, step.total);
    steps.push_back(step.what);
  }
  bool interrupted() override { return interrupt_after > 0 && watch.seconds() > interrupt_after; }

  int told = 0;
  double interrupt_after = 0;
  Expectation last;
  std::vector<std::string> steps;
  measure::Stopwatch watch;
};

results::File measure(const BenchRequest& what, Listening& listening) {
  return run(what, test_machine(), listening);
}

TEST(Sequential, MeasuresEveryFigureWithItsTurns) {
  Listening listening;
  BenchRequest what = request({"fp32", "bf16"});
  what.quality_text = std::string(evaluation_text());
  what.quality_name = "text";
  const results::File file = measure(what, listening);
  EXPECT_EQ(listening.told, 1);
  EXPECT_LE(listening.last.decided_s, listening.last.ends_s);
  for (const char* mode : {"fp32", "bf16"}) {
    const Result& decode = find(file, mode, "decode");
    EXPECT_EQ(decode.status, Status::kOk) << decode.reason;
    const results::Metric& rate = decode.metrics.at("tg_tps");
    EXPECT_GE(rate.n, 6);
    EXPECT_EQ(rate.samples.size(), rate.turns.size());
    EXPECT_TRUE(std::is_sorted(rate.turns.begin(), rate.turns.end()));
    EXPECT_EQ(decode.metrics.at("slice_s").n, rate.n);
    EXPECT_TRUE(decode.metrics.contains("mbu"));
    EXPECT_TRUE(decode.metrics.contains("itl_p50_s"));
    EXPECT_GE(find(file, mode, "prefill").metrics.at("pp_tps").n, 6);
    EXPECT_TRUE(find(file, mode, "quality").metrics.at("nll").ci);
    EXPECT_GE(find(file, mode, "generate").metrics.at("ttft_s").n, 1);
    EXPECT_GT(*find(file, mode, "load").metrics.at("peak_rss_bytes").median, 0);
  }
  EXPECT_EQ(*find(file, "fp32", "quality").metrics.at("aa_kld").median, 0);
  EXPECT_GE(file.workload.repetitions, 6);
  EXPECT_EQ(results::problems_of(results::to_json(file)), std::vector<std::string>{});
}

TEST(Sequential, EndsWithItsBudget) {
  Listening listening;
  BenchRequest what = request({"fp32", "bf16", "far", "drift"});
  what.quality_text = std::string(evaluation_text());
  what.budget_s = 4;
  const results::File file = measure(what, listening);
  EXPECT_GE(find(file, "fp32", "decode").metrics.at("tg_tps").n, 1);
}

TEST(Sequential, GoesOnWithoutAWorkerThatHangs) {
  Listening listening;
  BenchRequest what = request({"fp32", "bf16", "hang"});
  what.budget_s = 9;
  const results::File file = measure(what, listening);
  const Result& hung = find(file, "hang", "decode");
  EXPECT_EQ(hung.status, Status::kTimeout);
  EXPECT_THAT(hung.reason, testing::HasSubstr("silent for more than 3 s"));
  EXPECT_EQ(find(file, "hang", "prefill").status, Status::kSkipped);
  for (const char* mode : {"fp32", "bf16"})
    EXPECT_GE(find(file, mode, "decode").metrics.at("tg_tps").n, 6);
}

TEST(Sequential, EndsInTimeThoughAWorkerIsStillLoading) {
  Listening listening;
  BenchRequest what = request({"fp32", "bf16", "slow_load"});
  what.budget_s = 4;
  const results::File file = measure(what, listening);
  EXPECT_EQ(find(file, "slow_load", "load").status, Status::kSkipped);
  EXPECT_THAT(find(file, "slow_load", "load").reason, testing::HasSubstr("time budget ended"));
  EXPECT_GT(*find(file, "fp32", "load").metrics.at("peak_rss_bytes").median, 0);
}

TEST(Sequential, FinishesSixWindowsOfThoseForWhomThereIsTime) {
  Listening listening;
  BenchRequest what = request({"fp32", "bf16", "slow_text"});
  what.quality_text = std::string(evaluation_text());
  what.budget_s = 9;
  const results::File file = measure(what, listening);
  EXPECT_TRUE(find(file, "bf16", "quality").metrics.at("kld").ci);
  const auto& slow = find(file, "slow_text", "quality").metrics;
  EXPECT_TRUE(!slow.contains("kld") || !slow.at("kld").ci);
}

TEST(Sequential, GoesOnWithoutWhatFails) {
  Listening listening;
  const results::File file = measure(request({"fp32", "too_big", "kill", "bf16"}), listening);
  EXPECT_EQ(find(file, "too_big", "load").status, Status::kDoesNotFit);
  // A prefill slice takes an untimed step of decode first.
  EXPECT_EQ(find(file, "kill", "prefill").status, Status::kCrashed);
  EXPECT_EQ(find(file, "kill", "decode").status, Status::kSkipped);
  for (const char* mode : {"fp32", "bf16"}) {
    EXPECT_EQ(find(file, mode, "decode").status, Status::kOk);
    EXPECT_GE(find(file, mode, "decode").metrics.at("tg_tps").n, 6);
  }
}

TEST(Sequential, KeepsWhatWasMeasuredBeforeAnInterrupt) {
  Listening listening;
  listening.interrupt_after = 0.2;
  BenchRequest what = request({"fp32", "bf16"});
  what.budget_s = 0;
  const results::File file = measure(what, listening);
  EXPECT_THAT(file.warnings, testing::Contains(testing::HasSubstr("Interrupted")));
}

TEST(Sequential, LoadsInTurnWhatDoesNotFitTogether) {
  Listening listening;
  BenchRequest what = request({"fp32", "nf4"});
  what.budget_s = 30;
  results::Machine machine = test_machine();
  machine.memory_available_bytes = 1000;  // only one worker at a time
  const results::File file = run(what, machine, listening);
  EXPECT_THAT(file.warnings,
              testing::Contains(testing::HasSubstr("do not fit in memory together")));
  EXPECT_GE(find(file, "nf4", "decode").metrics.at("tg_tps").n, 4);
  EXPECT_GE(find(file, "nf4", "load").metrics.at("load_s").n, 1);
}

TEST(Sequential, LeavesSeveralPromptsToRounds) {
  Listening listening;
  BenchRequest what = request({"fp32"});
  what.prompts = {8, 16};
  what.repetitions = 2;
  const results::File file = measure(what, listening);
  EXPECT_EQ(listening.told, 0);
  EXPECT_TRUE(find(file, "fp32", "decode").metrics.at("tg_tps").turns.empty());
}

}  // namespace
}  // namespace nety::bench
