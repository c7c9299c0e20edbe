// What the schedule asks is what the claims of a report need.
#include "bench/questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/results/paired.h"
#include "reports/claims/claims.h"

namespace nety::bench {
namespace {

using results::Verdict;

const std::vector<Configuration> kAll = {
    {"fp32", "native"}, {"bf16", "native"},   {"fp16", "native"}, {"int8", "native"},
    {"nf4", "native"},  {"stored", "native"}, {"fp32", "torch"},  {"bf16", "torch"}};

TEST(Questions, AreAboutTheChoiceAndAboutFp32) {
  const auto choice = find_choice(kAll, "stored", "native");
  ASSERT_EQ(choice, 5U);
  EXPECT_FALSE(find_choice(kAll, "stored", "cuda"));
  const std::vector<Question> questions = questions_of(kAll, choice, "auto");
  int choices = 0, prefills = 0;
  for (const Question& question : questions) {
    EXPECT_NE(question.candidate, question.against);
    EXPECT_DOUBLE_EQ(question.threshold, 1.02);
    choices += question.choice ? 1 : 0;
    prefills += question.kind == SliceKind::kPrefill ? 1 : 0;
    EXPECT_EQ(question.against, question.choice ? 5U : 0U);
    EXPECT_EQ(question.rank, kAll[question.candidate].backend == "native" ? kOwnRank : kOtherRank);
  }
  EXPECT_EQ(choices, 7);   // everything else against the choice
  EXPECT_EQ(prefills, 1);  // of fp16
  EXPECT_EQ(questions.size(), 7U + 1 + 5);
  EXPECT_EQ(name_of(questions[0], kAll), "bf16 native / fp32 native");
  EXPECT_EQ(opening_order(kAll, choice), (std::vector<size_t>{5, 0, 1, 2, 3, 4, 6, 7}));
}

TEST(Questions, LeaveOtherDevicesAside) {
  const std::vector<Configuration> two = {{"fp32", "native"}, {"nf4", "cuda"}, {"fp32", "torch"}};
  const std::vector<Question> questions = questions_of(two, 0, "auto");
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0].candidate, 2U);
}

/// A result file of rates that a simulated machine gives turn by turn.
class Measured {
 public:
  Measured() {
    file_.machines.emplace_back().id = "m";
    file_.models.emplace_back().id = "model";
    file_.models[0].stored = "Q4_1 x 3";
    file_.decision = results::Decision{"stored", "native", "cpu", {}};
  }

  void add(size_t i, SliceKind kind, int64_t turn, double rate) {
    results::Result& row = row_of(i, kind == SliceKind::kDecode ? "decode" : "prefill");
    results::Metric& metric = row.metrics[kind == SliceKind::kDecode ? "tg_tps" : "pp_tps"];
    std::vector<double> samples = metric.samples;
    std::vector<int64_t> turns = metric.turns;
    samples.push_back(rate);
    turns.push_back(turn);
    metric = results::summarise("tok/s", samples);
    metric.turns = turns;
  }
  void score(size_t i, double kld) {
    results::Result& row = row_of(i, "quality");
    row.metrics["kld"] = results::exactly("nat", kld);
    row.metrics["kld"].ci = {kld * 0.9, kld * 1.1};
    row.metrics["top1_agreement"] = results::exactly("ratio", 1 - 10 * kld);
    row.metrics["top1_agreement"].ci = {1 - 12 * kld, 1 - 8 * kld};
  }
  Verdict verdict(const std::string& id) const {
    for (const results::Claim& claim : reports::judge(file_))
      if (claim.id == id) return claim.verdict;
    ADD_FAILURE() << id;
    return Verdict::kNotTested;
  }

 private:
  results::Result& row_of(size_t i, const std::string& phase) {
    for (results::Result& row : file_.results)
      if (row.mode == kAll[i].mode && row.backend == kAll[i].backend && row.phase == phase)
        return row;
    results::Result& row = file_.results.emplace_back();
    row.machine = "m";
    row.model = "model";
    row.mode = kAll[i].mode;
    row.backend = kAll[i].backend;
    row.device = "cpu";
    row.phase = phase;
    return row;
  }
  results::File file_;
};

const std::vector<std::string> kSpeedClaims = {
    "cpu-fp32-best",       "best-admissible", "bf16-faster", "fp16-faster",
    "fp16-prefill-faster", "int8-faster",     "nf4-faster"};

/// Runs the schedule to its end on rates with 3 % of noise.
Measured measure(const std::vector<double>& rates, const std::vector<double>& klds) {
  Schedule schedule(std::vector<Cost>(kAll.size()),
                    questions_of(kAll, find_choice(kAll, "stored", "native"), "auto"));
  Measured out;
  for (size_t i = 0; i < kAll.size(); ++i) out.score(i, klds[i]);
  std::mt19937 random(3);
  std::normal_distribution<double> noise(0, 0.03);
  while (const auto turn = schedule.next(1e9))
    for (const Turn::Part& part : turn->parts) {
      const double rate = rates[part.contender] * std::exp(noise(random));
      schedule.add(part, rate, 0.1);
      schedule.loaded(part.contender, 1, 0);
      out.add(part.contender, part.kind, part.turn, rate);
    }
  for (size_t q = 0; q < schedule.questions().size(); ++q)
    EXPECT_NE(schedule.answer(q), Answer::kOpen) << name_of(schedule.questions()[q], kAll);
  return out;
}

TEST(Questions, DecideEveryClaimAboutSpeedWhereTheyAreAnswered) {
  const std::vector<double> klds = {1e-9, 0.001, 1e-6, 0.002, 0.3, 0.001, 1e-9, 0.001};
  const Measured file = measure({25, 48, 30, 66, 90, 100, 12, 20}, klds);
  for (const std::string& claim : kSpeedClaims)
    EXPECT_NE(file.verdict(claim), Verdict::kInconclusive) << claim;
  EXPECT_EQ(file.verdict("best-admissible"), Verdict::kSupported);
  EXPECT_EQ(file.verdict("cpu-fp32-best"), Verdict::kRefuted);
  EXPECT_EQ(file.verdict("bf16-faster"), Verdict::kSupported);
  EXPECT_EQ(file.verdict("stored-vs-fp32"), Verdict::kSupported);
  const Measured slow = measure({25, 12, 9, 66, 90, 100, 12, 20}, klds);
  EXPECT_EQ(slow.verdict("bf16-faster"), Verdict::kRefuted);
  EXPECT_EQ(slow.verdict("fp16-prefill-faster"), Verdict::kRefuted);
}

}  // namespace
}  // namespace nety::bench
