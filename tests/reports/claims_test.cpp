// What holds of every claim, and of files merged from several: an engine that cannot say REFUTED
// fails here.
#include "reports/claims/claims.h"

#include <gtest/gtest.h>

#include <set>

#include "core/precision/mode.h"
#include "core/results/merge.h"
#include "judged.h"
#include "reports/claims/evidence.h"

namespace nety::reports {
namespace {

TEST(Claims, HaveUniqueIdsAndAVerdictForEveryFile) {
  const std::set<std::string_view> unique(claim_ids().begin(), claim_ids().end());
  EXPECT_EQ(unique.size(), claim_ids().size());
  for (const auto make :
       {complete_file, machine_file, laptop_file, failing_file, hostile_file, empty_file})
    for (const Language language : {Language::kEnglish, Language::kFrench}) {
      const std::vector<Claim> claims = judge(make(), {language, {}});
      ASSERT_EQ(claims.size(), claim_ids().size());
      for (const Claim& each : claims) {
        EXPECT_FALSE(each.statement.empty()) << each.id;
        EXPECT_FALSE(each.evidence.empty()) << each.id;
        const bool decided =
            each.verdict == Verdict::kSupported || each.verdict == Verdict::kRefuted;
        EXPECT_TRUE(!decided || !each.margin.empty()) << each.id;
        EXPECT_TRUE(!decided || each.command.empty()) << each.id << ": " << each.command;
        EXPECT_FALSE(each.sensitivity.empty() && each.command.empty()) << each.id;
        EXPECT_EQ(each.evidence.find('{'),
                  make == hostile_file ? each.evidence.find('{') : std::string::npos)
            << each.id << ": " << each.evidence;
      }
    }
}

TEST(Claims, WithoutDataNameTheCommandThatTestsThem) {
  for (const Claim& each : judge(empty_file())) {
    if (each.id == "story-14gb") continue;  // arithmetic needs no data
    EXPECT_EQ(each.verdict, Verdict::kNotTested) << each.id;
    EXPECT_EQ(each.command.find("nety "), 0U) << each.id;
  }
}

TEST(Claims, NameTheSameCommandInEveryLanguageAndNeverInASentence) {
  for (const auto make :
       {complete_file, machine_file, laptop_file, failing_file, fleet_file, empty_file}) {
    const std::vector<Claim> english = judge(make(), {Language::kEnglish, {}});
    const std::vector<Claim> french = judge(make(), {Language::kFrench, {}});
    ASSERT_EQ(english.size(), french.size());
    for (size_t i = 0; i < english.size(); ++i) {
      EXPECT_EQ(english[i].command, french[i].command) << english[i].id;
      for (const Claim& each : {english[i], french[i]})
        EXPECT_EQ(each.sensitivity.find("nety "), std::string::npos) << each.sensitivity;
    }
  }
}

TEST(Claims, OnThisKindOfMachine) {
  const File file = machine_file();
  EXPECT_EQ(verdict(file, "cpu-fp32-stable"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "fp32-fits"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "cpu-fp32-best"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "bf16-faster"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "bf16-smaller"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "bf16-as-good"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "nf4-faster"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "nf4-as-good"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "stored-vs-fp32"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "bnb-int8-works"), Verdict::kNotTested);
  EXPECT_EQ(verdict(file, "gpu-4bit"), Verdict::kNotTested);
  EXPECT_EQ(verdict(file, "story-14gb"), Verdict::kRefuted);
}

TEST(Claims, OnALaptopWhereFp32IsRight) {
  const File file = laptop_file();
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "bf16-faster"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "int8-faster"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "int8-as-good"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "stored-vs-fp32"), Verdict::kNotTested);
  EXPECT_NE(claim(file, "story-14gb").evidence.find("does not fit here"), std::string::npos);
}

TEST(Claims, DoNotTakeTheProductsOfDiagForRuns) {
  File file = bare_file();
  Result product;
  product.machine = file.machines.at(0).id;
  product.model = "products";
  product.mode = "fp32";
  product.backend = "native";
  product.phase = "matvec";
  product.status = Status::kCrashed;
  file.results = {product};
  EXPECT_TRUE(Evidence(file).configurations().empty());
  product.phase = "decode";
  file.results = {product};
  EXPECT_EQ(Evidence(file).configurations().size(), 1U);
}

TEST(Merged, PairsOnlyWhatOneRunMeasured) {
  // The later run is twice as slow throughout: a ratio across runs would say so.
  File file = pair(at_ratio("bf16", 1.5));
  File later = bare_file();
  Sketch fp32{.mode = "fp32", .tg_tps = 50};
  fp32.reference = true;
  add_configuration(later, fp32);
  add_configuration(later, at_ratio("int8", 1));
  results::merge(file, later);
  const Claim bf16 = claim(file, "bf16-faster");
  EXPECT_NE(bf16.evidence.find("1.50\u00d7"), std::string::npos) << bf16.evidence;
  const Claim int8 = claim(file, "int8-faster");
  EXPECT_NE(int8.evidence.find("2.00\u00d7"), std::string::npos) << int8.evidence;
}

TEST(Merged, KeepsWhatALaterRunDidNotMeasureAgain) {
  File file = pair(at_ratio("bf16", 1.5));
  File later = bare_file();
  add_configuration(later, {.mode = "fp32", .tg_tps = 100, .quality = false});
  add_configuration(later, {.mode = "bf16", .tg_tps = 180, .quality = false});
  results::merge(file, later);
  EXPECT_EQ(verdict(file, "bf16-as-good"), Verdict::kSupported);
  EXPECT_NE(claim(file, "bf16-faster").evidence.find("1.80\u00d7"), std::string::npos);
}

TEST(Fleet, IsJudgedMachineByMachine) {
  const File file = fleet_file();
  const std::vector<Subject> all = subjects(file);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].machine->id, "m1");
  EXPECT_EQ(all[1].machine->id, "laptop");
  EXPECT_EQ(all[2].model->name, "TinyLlama-1.1B");
  const auto best = [&](size_t i) { return best_choice(Evidence(file, all[i]), {}).verdict; };
  EXPECT_EQ(best(0), Verdict::kRefuted);
  EXPECT_EQ(best(1), Verdict::kSupported);
  EXPECT_EQ(best(2), Verdict::kSupported);
}

TEST(RatioOf, PairsSamplesOfTheSameRound) {
  // Both drift by the same factor: the ratio is exact although the rates overlap.
  std::vector<double> slow, fast;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(100 * (1 + 0.1 * i));
    fast.push_back(slow.back() * 1.05);
  }
  const results::Metric a = results::summarise("tok/s", fast);
  const results::Metric b = results::summarise("tok/s", slow);
  const std::optional<Ratio> ratio = ratio_of(&a, &b);
  ASSERT_TRUE(ratio && ratio->ci);
  EXPECT_NEAR(ratio->value, 1.05, 1e-12);
  EXPECT_NEAR(ratio->ci->first, 1.05, 1e-12);
  EXPECT_EQ(ratio->n, 8);
  EXPECT_FALSE(ratio_of(&a, nullptr));
  const results::Metric nothing = results::summarise("tok/s", {});
  EXPECT_FALSE(ratio_of(&a, &nothing));
}

}  // namespace
}  // namespace nety::reports
