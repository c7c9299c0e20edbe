// The schedule of a comparison with made-up programs: order, looks, gates, the A/A check, files.
#include "bench/compare.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "bench/compare_subjects.h"
#include "core/base/error.h"
#include "core/measure/worker.h"

namespace nety::bench {
namespace {

using results::Comparison;
using testing::HasSubstr;

FigureKey key(const char* metric, const char* mode = "fp32", int64_t n_prompt = 0,
              int64_t depth = 0) {
  return {metric, mode, "native", "decode", n_prompt, 128, depth};
}

/// A program with a decode rate, a little noise, and a note of when it was observed.
class FakeProgram final : public Subject {
 public:
  FakeProgram(std::string name, double tg_tps, double noise, std::string& log, uint64_t seed)
      : name_(std::move(name)), tg_tps_(tg_tps), noise_(noise), log_(log), random_(seed) {}
  Observation observe() override {
    log_ += name_;
    const double now = tg_tps_ * (1 + noise_ * normal_(random_));
    return {{key("tg_tps"), "tok/s", now},
            {key("pp_tps", "fp32", 512), "tok/s", 1000 * (1 + noise_ * normal_(random_))},
            {key("weights_bytes"), "bytes", 538e6}};
  }
  void renew() override { log_ += '|'; }

 private:
  std::string name_;
  double tg_tps_, noise_;
  std::string& log_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

ComparedPrograms compare_rates(double baseline, double candidate, double again, double noise,
                               const CompareRequest& request, std::string* log = nullptr) {
  std::string unused;
  std::string& order = log != nullptr ? *log : unused;
  FakeProgram a("A", baseline, noise, order, 1), b("B", candidate, noise, order, 2),
      a2("a", again, noise, order, 3);
  CompareObserver observer;
  return compare(a, b, a2, request, observer);
}

const Comparison& of(const ComparedPrograms& outcome, const std::string& metric) {
  for (const Comparison& comparison : outcome.comparisons)
    if (comparison.metric == metric) return comparison;
  throw std::out_of_range(metric);
}

TEST(Compare, TakesPairsInTurnAndStopsWhenDecided) {
  std::string order;
  const ComparedPrograms outcome = compare_rates(100, 90, 100, 0.002, {}, &order);
  EXPECT_EQ(outcome.pairs, 10);
  EXPECT_EQ(order.substr(0, 14), "|||ABa|||aBA||");
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "regression");
  EXPECT_NEAR(*of(outcome, "tg_tps").ratio.median, 0.9, 0.01);
  EXPECT_EQ(of(outcome, "tg_tps").ratio.n, 10);
  EXPECT_TRUE(of(outcome, "tg_tps").gated);
  EXPECT_EQ(of(outcome, "pp_tps").verdict, "same");
  EXPECT_TRUE(outcome.fit);
}

TEST(Compare, AddsPairsUntilItMustStop) {
  CompareRequest request;
  request.most = 14;
  const ComparedPrograms outcome = compare_rates(100, 98, 100, 0.05, request);
  EXPECT_EQ(outcome.pairs, 14);
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "inconclusive");
  EXPECT_TRUE(of(outcome, "tg_tps").more_pairs);
}

TEST(Compare, DeclaresTheEnvironmentUnfitWhereTheBaselineDiffersFromItself) {
  const ComparedPrograms outcome = compare_rates(100, 100, 90, 0.002, {});
  EXPECT_FALSE(outcome.fit);
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "incomparable");
  EXPECT_THAT(of(outcome, "tg_tps").reason, HasSubstr("itself"));
  ASSERT_EQ(outcome.self.size(), 2U);
  EXPECT_EQ(outcome.self[0].verdict, "regression");
}

TEST(Compare, LeavesTheSelfCheckOutWhenAsked) {
  CompareRequest request;
  request.self_check = false;
  request.renew_every = 5;
  std::string order;
  const ComparedPrograms outcome = compare_rates(100, 100, 50, 0.002, request, &order);
  EXPECT_TRUE(outcome.fit);
  EXPECT_EQ(order, "|||ABBAABBAAB|||BAABBAABBA");
}

TEST(Compare, TakesExactFiguresAsTheyAre) {
  CompareRequest request;
  request.gates = {{"weights_bytes", {}}};
  const ComparedPrograms outcome = compare_rates(100, 50, 100, 0.002, request);
  EXPECT_EQ(of(outcome, "weights_bytes").verdict, "same");
  EXPECT_TRUE(of(outcome, "weights_bytes").gated);
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "regression");  // informs, does not decide
  EXPECT_FALSE(of(outcome, "tg_tps").gated);
}

TEST(Compare, SaysWhichGatedFigureIsMissing) {
  CompareRequest request;
  request.gates = {{"load_s", {}}};
  const ComparedPrograms outcome = compare_rates(100, 100, 100, 0.002, request);
  EXPECT_EQ(of(outcome, "load_s").verdict, "incomparable");
  EXPECT_TRUE(of(outcome, "load_s").gated);
}

TEST(Compare, RefusesFiguresInOtherUnits) {
  std::string order;
  class PerMillisecond final : public Subject {
   public:
    Observation observe() override { return {{key("tg_tps"), "tok/ms", 0.1}}; }
  } other;
  FakeProgram a("A", 100, 0.001, order, 1), again("a", 100, 0.001, order, 2);
  CompareObserver observer;
  CompareRequest request;
  request.gates = {{"tg_tps", {}}};
  const ComparedPrograms outcome = compare(a, other, again, request, observer);
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "incomparable");
  EXPECT_EQ(of(outcome, "tg_tps").reason, "unit: tok/s, tok/ms");
}

TEST(Compare, RefusesNonsense) {
  CompareRequest request;
  request.gates = {{"speed", {}}};
  EXPECT_THROW(check(request), Error);
  request = {};
  request.least = 20;
  request.most = 10;
  EXPECT_THROW(check(request), Error);
}

TEST(Compare, KeepsTheBetterOfTwoRuns) {
  const Observation one = {{key("tg_tps"), "tok/s", 10}, {key("load_s"), "s", 2}};
  const Observation two = {{key("tg_tps"), "tok/s", 12}, {key("load_s"), "s", 1}};
  const Observation best = better_of(one, two);
  EXPECT_EQ(best[0].value, 12);
  EXPECT_EQ(best[1].value, 1);
}

// ---- files --------------------------------------------------------------------------------------

results::File file_of(double tg_tps, size_t n) {
  results::File file;
  results::Machine& machine = file.machines.emplace_back();
  machine.id = "m1";
  machine.cpu = "Some CPU";
  file.models.push_back({"model-1", "m", "", "", "", "", 0, 0});
  results::Result& row = file.results.emplace_back();
  row.machine = "m1";
  row.model = "model-1";
  row.mode = "fp32";
  row.backend = "native";
  row.phase = "decode";
  row.n_gen = 128;
  std::vector<double> samples;
  for (size_t i = 0; i < n; ++i) samples.push_back(tg_tps + 0.01 * static_cast<double>(i));
  row.metrics["tg_tps"] = results::summarise("tok/s", samples);
  return file;
}

CompareRequest decode_only() {
  CompareRequest request;
  request.gates = {{"tg_tps", {}}};
  return request;
}

TEST(CompareFiles, JudgesTheSamplesOfTheSameRow) {
  const auto outcome = compare_files(file_of(100, 8), file_of(90, 8), decode_only());
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "regression");
  EXPECT_EQ(outcome.pairs, 8);
  const auto few = compare_files(file_of(100, 3), file_of(90, 3), decode_only());
  EXPECT_EQ(of(few, "tg_tps").verdict, "inconclusive");
  EXPECT_GT(of(few, "tg_tps").more_pairs.value_or(0), 0);
}

// Two gates share the error: six samples are too few for either, whatever they show.
TEST(CompareFiles, KnowsWhenSamplesAreTooFewToDecideAnything) {
  const auto with_prefill = [](double factor, size_t n) {
    results::File file = file_of(100 * factor, n);
    results::Result row = file.results[0];
    row.phase = "prefill";
    row.n_prompt = 512;
    row.metrics = {{"pp_tps", row.metrics.at("tg_tps")}};
    file.results.push_back(row);
    return file;
  };
  for (const double factor : {0.23, 1.0, 4.0}) {
    const auto six = compare_files(with_prefill(1, 6), with_prefill(factor, 6), {});
    for (const char* metric : {"tg_tps", "pp_tps"}) {
      EXPECT_EQ(of(six, metric).verdict, "inconclusive");
      EXPECT_TRUE(too_few_to_decide(of(six, metric)));
      EXPECT_THAT(of(six, metric).reason, HasSubstr("2 gated figures need at least 7"));
    }
    const auto seven = compare_files(with_prefill(1, 7), with_prefill(factor, 7), {});
    EXPECT_FALSE(too_few_to_decide(of(seven, "tg_tps"))) << factor;
  }
  EXPECT_EQ(of(compare_files(with_prefill(1, 7), with_prefill(0.23, 7), {}), "tg_tps").verdict,
            "regression");
  EXPECT_EQ(of(compare_files(file_of(100, 6), file_of(23, 6), decode_only()), "tg_tps").verdict,
            "regression");
}

// A figure with more samples does not make the others wait for as many.
TEST(CompareFiles, JudgesEachFigureByItsOwnSamples) {
  const auto with_loads = [](double tg_tps) {
    results::File file = file_of(tg_tps, 8);
    file.results[0].metrics["ttft_s"] = results::summarise("s", std::vector<double>(40, 1.0));
    return file;
  };
  EXPECT_EQ(of(compare_files(with_loads(100), with_loads(90), decode_only()), "tg_tps").verdict,
            "regression");
}

TEST(CompareFiles, RefusesOtherConditionsAndSaysWhich) {
  const auto refusal = [](const auto& change) {
    results::File other = file_of(90, 8);
    change(other.results[0]);
    const auto outcome = compare_files(file_of(100, 8), other, decode_only());
    EXPECT_EQ(of(outcome, "tg_tps").verdict, "incomparable");
    EXPECT_TRUE(of(outcome, "tg_tps").gated);
    EXPECT_FALSE(of(outcome, "tg_tps").ratio.median);
    return of(outcome, "tg_tps").reason;
  };
  EXPECT_EQ(refusal([](results::Result& row) { row.threads = 4; }), "threads: 0, 4");
  EXPECT_EQ(refusal([](results::Result& row) { row.isa = "scalar"; }), "isa: , scalar");
  EXPECT_EQ(refusal([](results::Result& row) { row.device = "cuda:0"; }), "device: , cuda:0");
  EXPECT_EQ(refusal([](results::Result& row) {
              row.conditions = {{"kv", "bf16"}};
            }),
            "kv: as usual, bf16");
  EXPECT_EQ(refusal([](results::Result& row) { row.metrics["tg_tps"].unit = "tok/ms"; }),
            "unit: tok/s, tok/ms");
  EXPECT_EQ(refusal([](results::Result& row) {
              row.threads = 4;
              row.metrics["tg_tps"].unit = "tok/ms";
            }),
            "threads: 0, 4; unit: tok/s, tok/ms");
}

TEST(CompareFiles, RefusesOtherBuildsThanReleases) {
  const auto reason = [](const std::string& tool) {
    results::File one = file_of(100, 8), other = file_of(90, 8);
    one.tool = "nety 0.1.0";
    other.tool = tool;
    return of(compare_files(one, other, decode_only()), "tg_tps").reason;
  };
  EXPECT_EQ(reason("nety 0.1.0"), "");
  EXPECT_EQ(reason("nety 0.2.0"), "");
  EXPECT_EQ(reason("nety 0.1.0 (Debug)"), "different builds (Release, Debug)");
}

// Of several runs of a row, that under the same conditions.
TEST(CompareFiles, FindsTheRunUnderTheSameConditions) {
  results::File other = file_of(90, 8);
  other.results.insert(other.results.begin(), other.results[0]);
  other.results[0].threads = 4;
  const auto outcome = compare_files(file_of(100, 8), other, decode_only());
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "regression");
}

TEST(CompareFiles, RefusesAnotherMachineAndSaysWhatDiffers) {
  results::File other = file_of(90, 8);
  other.machines[0].id = "m2";
  other.machines[0].cpu = "Another CPU";
  other.machines[0].cpu_budget.threads = 4;
  const auto outcome = compare_files(file_of(100, 8), other, decode_only());
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "incomparable");
  EXPECT_THAT(of(outcome, "tg_tps").reason, HasSubstr("cpu: Some CPU, Another CPU"));
  EXPECT_THAT(of(outcome, "tg_tps").reason, HasSubstr("threads: 1, 4"));
}

TEST(CompareFiles, RefusesAnotherModel) {
  results::File other = file_of(100, 8);
  other.models[0].id = "model-2";
  EXPECT_THAT(of(compare_files(file_of(100, 8), other, decode_only()), "tg_tps").reason,
              HasSubstr("model-2"));
}

// ---- real processes, made-up engines ------------------------------------------------------------

TEST(CompareSubjects, ObserveAWorker) {
  CompareWorkload workload;
  workload.engine.model = "fake";
  workload.engine.run.mode = "fp32";
  workload.n_prompt = 16;
  workload.n_gen = 8;
  const auto subject = make_worker_subject({measure::own_program(), "worker"}, workload);
  const Observation seen = subject->observe();
  for (const char* metric : {"tg_tps", "pp_tps", "ttft_s", "load_s", "weights_bytes"})
    EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [&](const Figure& it) {
      return it.key.metric == metric;
    })) << metric;
  const Observation again = subject->observe();  // the same process: it does not load again
  EXPECT_FALSE(std::any_of(again.begin(), again.end(),
                           [](const Figure& it) { return it.key.metric == "load_s"; }));
}

// The fake engine has the positions that it was asked for and no more.
TEST(CompareSubjects, AskForAContextThatHoldsEveryWorkload) {
  using Workload = std::pair<int64_t, int64_t>;
  const CompareWorkload usual;
  for (const auto& [n_prompt, n_gen] :
       {Workload{usual.n_prompt, usual.n_gen}, Workload{1, 1}, Workload{127, 8}, Workload{168, 8},
        Workload{169, 8}, Workload{8, 200}, Workload{2048, 8}}) {
    CompareWorkload workload;
    workload.engine.model = "fake";
    workload.engine.run.mode = "bf16";
    workload.n_prompt = n_prompt;
    workload.n_gen = n_gen;
    const Observation seen =
        make_worker_subject({measure::own_program(), "worker"}, workload)->observe();
    for (const char* metric : {"tg_tps", "pp_tps", "ttft_s"})
      EXPECT_TRUE(std::any_of(seen.begin(), seen.end(),
                              [&](const Figure& it) { return it.key.metric == metric; }))
          << metric << " with -p " << n_prompt << " -n " << n_gen;
  }
}

TEST(CompareSubjects, SayWhyAProgramGivesNothing) {
  const auto refusal = [](Subject& subject) {
    try {
      subject.observe();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
      return std::string(error.what());
    }
    return std::string("observed");
  };
  EXPECT_THAT(refusal(*make_worker_subject({"/bin/true"}, {})), HasSubstr("/bin/true"));
  EXPECT_THAT(refusal(*make_command_subject("echo no; exit 3", 10)), HasSubstr("exit code 3"));
  EXPECT_THAT(refusal(*make_command_subject("echo not json", 10)), HasSubstr("not a result file"));
}

}  // namespace
}  // namespace nety::bench
