// --policy measured: what earlier runs measured decides, at both sides of every margin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/policy/explain.h"
#include "core/policy/messages.h"
#include "tests/policy/models.h"

namespace nety::policy {
namespace {

using precision::ModeId;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

results::Machine machine_of(uint64_t gb) {
  results::Machine machine;
  machine.memory_total_bytes = machine.memory_available_bytes = gb * 1'000'000'000;
  return machine;
}

MeasuredMode ran(const char* mode, double tg_tps, std::optional<double> kld = 0.0,
                 std::optional<double> top1 = 1.0) {
  MeasuredMode measured;
  measured.mode = mode;
  measured.backend = "native";
  measured.device = "cpu";
  measured.tg_tps = tg_tps;
  measured.n = 7;
  measured.kld = kld;
  measured.top1 = top1;
  measured.created_utc = "2026-11-25T11:00:00Z";
  return measured;
}
MeasuredMode unscored(const char* mode, double tg_tps) {
  return ran(mode, tg_tps, std::nullopt, std::nullopt);
}

Evidence of(std::vector<MeasuredMode> measured) {
  Evidence evidence;
  evidence.measured = std::move(measured);
  return evidence;
}

Request follow(const char* mode = "") {
  Request request;
  request.plan.run.mode = mode;
  request.plan.run.policy = options::PolicyType::kMeasured;
  return request;
}

ModelFacts small() { return stored_as(smollm2_135m(), ModeId::bf16); }

Decision follows(std::vector<MeasuredMode> measured) {
  return decide(follow(), machine_of(20), small(), of(std::move(measured)));
}

std::string reason_of(const Decision& decision, std::string_view rule) {
  for (const Reason& reason : decision.reasons)
    if (reason.rule == rule) return render(reason.text, Language::kEnglish);
  return "";
}

TEST(PolicyMeasured, TakesTheFastestAdmissibleMode) {
  const Decision decision = follows({ran("fp32", 80), ran("bf16", 160, 0.0002, 0.99),
                                     ran("int8", 200, 0.005, 0.97), ran("nf4", 330, 0.33, 0.66)});
  EXPECT_EQ(decision.mode_name(), "int8");
  EXPECT_EQ(decision.rule(), "measured");
  EXPECT_EQ(decision.backend, "native");
  EXPECT_EQ(decision.device, "cpu");
  EXPECT_EQ(reason_of(decision, "measured"),
            "Because --policy measured was asked for: int8 was 2.50x as fast as fp32 here "
            "(2026-11-25) at KLD 0.00500, top-1 97.0 %.");
  EXPECT_THAT(decision.notices, IsEmpty());
  EXPECT_GT(decision.memory.total(), 0U);
}

TEST(PolicyMeasured, HoldsEveryMargin) {
  const auto chosen = [](double tps, double kld, double top1) {
    return std::string(follows({ran("fp32", 100), ran("bf16", tps, kld, top1)}).mode_name());
  };
  EXPECT_EQ(chosen(103, 0.001, 0.98), "bf16");
  EXPECT_EQ(chosen(102.1, 0.001, 0.98), "bf16");
  EXPECT_EQ(chosen(102, 0.001, 0.98), "fp32") << "a tie leaves the choice to the written rules";
  EXPECT_EQ(chosen(99, 0.001, 0.98), "fp32");
  EXPECT_EQ(chosen(200, 0.01, 0.96), "bf16");
  EXPECT_EQ(chosen(200, 0.0101, 0.96), "fp32");
  EXPECT_EQ(chosen(200, 0.01, 0.9599), "fp32");
}

TEST(PolicyMeasured, KeepsTheWrittenChoiceWithAReasonWhereNothingIsFaster) {
  const Decision tie = follows({ran("fp32", 100), ran("bf16", 101)});
  EXPECT_EQ(tie.rule(), "cpu-fp32");
  EXPECT_EQ(reason_of(tie, "measured"),
            "Nothing admissible was measurably faster here than fp32, the choice of the written "
            "rules (100 tok/s on 2026-11-25).");
  const Decision nothing = follows({});
  EXPECT_EQ(nothing.rule(), "cpu-fp32");
  EXPECT_THAT(reason_of(nothing, "measured"), HasSubstr("nety report measures"));
}

TEST(PolicyMeasured, WantsQualityOfEverythingButFp32) {
  EXPECT_EQ(follows({unscored("fp32", 80), unscored("bf16", 160)}).mode_name(), "fp32");
  EXPECT_EQ(follows({unscored("fp32", 80), unscored("bf16", 160)}).rule(), "cpu-fp32");
  EXPECT_EQ(follows({unscored("fp32", 80), ran("bf16", 160)}).mode_name(), "bf16");
}

TEST(PolicyMeasured, LeavesAChoiceThatIsNotAdmissible) {
  const ModelFacts model = stored_as(smollm2_135m(), ModeId::q4_1, ModeId::q8_0);
  const auto decide_with = [&model](double stored_kld) {
    return decide(
        follow(), machine_of(20), model,
        of({ran("stored", 300, stored_kld, 0.99), ran("fp32", 80), ran("bf16", 160, 0.001, 0.98)}));
  };
  EXPECT_EQ(decide_with(0.01).mode_name(), "stored");
  EXPECT_EQ(decide_with(0.01).rule(), "stored");
  const Decision left = decide_with(0.011);
  EXPECT_EQ(left.mode_name(), "bf16");
  EXPECT_EQ(left.rule(), "measured");
  ASSERT_EQ(left.notices.size(), 1U);
  EXPECT_EQ(left.notices[0].id, message::policy_converted);
}

TEST(PolicyMeasured, SaysWhereTheWrittenChoiceWasNotMeasured) {
  const Decision decision = follows({ran("bf16", 160, 0.001, 0.98)});
  EXPECT_EQ(decision.mode_name(), "bf16");
  EXPECT_THAT(reason_of(decision, "measured"), HasSubstr("was not measured"));
}

TEST(PolicyMeasured, PassesOverWhatCannotRunHere) {
  const auto mode_with = [](Evidence evidence, uint64_t gb, const Request& request) {
    return std::string(
        decide(request, machine_of(gb), stored_as(mistral_7b(), ModeId::bf16), evidence)
            .mode_name());
  };
  const std::vector<MeasuredMode> measured = {ran("int8", 5, 0.004, 0.98),
                                              ran("bf16", 9, 0.001, 0.98)};
  EXPECT_EQ(mode_with(of(measured), 22, follow()), "bf16");
  EXPECT_EQ(mode_with(of(measured), 10, follow()), "int8") << "bf16 does not fit";
  Evidence broken = of(measured);
  broken.unusable.push_back({ModeId::bf16, "native", "wrong sums"});
  EXPECT_EQ(mode_with(broken, 22, follow()), "int8");
  std::vector<MeasuredMode> elsewhere = measured;
  elsewhere[1].backend = "torch";
  EXPECT_EQ(mode_with(of(elsewhere), 22, follow()), "int8") << "no such backend here";
  elsewhere[1].backend = "native";
  elsewhere[1].device = "cuda:0";
  EXPECT_EQ(mode_with(of(elsewhere), 22, follow()), "int8") << "no such device here";
  Request by_torch = follow();
  by_torch.plan.run.backend = "native";
  EXPECT_EQ(mode_with(of(measured), 22, by_torch), "bf16");
}

TEST(PolicyMeasured, GivesWayToAnExplicitMode) {
  const Decision decision = decide(follow("fp32"), machine_of(20), small(),
                                   of({ran("fp32", 80), ran("bf16", 160, 0.001, 0.98)}));
  EXPECT_EQ(decision.mode_name(), "fp32");
  EXPECT_EQ(decision.rule(), "explicit-mode");
}

TEST(PolicyMeasured, IsExplainedWithItsWhatIf) {
  const Evidence evidence = of({ran("fp32", 80), ran("bf16", 160, 0.001, 0.98)});
  const std::string written = explain({}, machine_of(20), small(), evidence, Language::kEnglish);
  EXPECT_THAT(written, HasSubstr("policy: written"));
  EXPECT_THAT(written, HasSubstr("--policy measured were asked for\n      bf16 on native, cpu, by "
                                 "the rule measured"));
  EXPECT_THAT(written, HasSubstr("--policy measured chooses it."));
  const std::string measured =
      explain(follow(), machine_of(20), small(), evidence, Language::kEnglish);
  EXPECT_THAT(measured, HasSubstr("policy: measured"));
  EXPECT_THAT(measured, HasSubstr("measured               decides"));
  const std::string french =
      explain(follow(), machine_of(20), small(), evidence, Language::kFrench);
  EXPECT_THAT(french, HasSubstr("bf16 a été 2.00x plus rapide que fp32 ici (2026-11-25)"));
}

}  // namespace
}  // namespace nety::policy
