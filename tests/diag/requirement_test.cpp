#include "diag/requirement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/error.h"
#include "diag/examine.h"
#include "diag/needs.h"
#include "diag/quantities.h"
#include "tests/diag/machines.h"

namespace nety::diag {
namespace {

using results::FindingStatus;
using ::testing::HasSubstr;

TEST(Requirement, IsAQuantityWithALimit) {
  const Requirement ram = parse_requirement("ram>=16GiB");
  EXPECT_EQ(ram.kind, RequirementKind::kQuantity);
  EXPECT_EQ(ram.name, "ram");
  EXPECT_EQ(ram.comparison, Comparison::kAtLeast);
  EXPECT_EQ(ram.number, 16.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(parse_requirement(" bandwidth  >  20.5 GB/s ").number, 20.5e9);
  EXPECT_EQ(parse_requirement("bandwidth > 20GB/s").comparison, Comparison::kMore);
  EXPECT_EQ(parse_requirement("threads<=4").comparison, Comparison::kAtMost);
  EXPECT_EQ(parse_requirement("threads=4").comparison, Comparison::kEqual);
  EXPECT_EQ(parse_requirement("threads==4").comparison, Comparison::kEqual);
  EXPECT_EQ(parse_requirement("int8_rate<1TOP/s").number, 1e12);
}

TEST(Requirement, IsAFeature) {
  EXPECT_EQ(parse_requirement("avx512_bf16").kind, RequirementKind::kFeature);
  EXPECT_EQ(parse_requirement(" amx_int8 ").name, "amx_int8");
}

TEST(Requirement, IsAModesVerdict) {
  const Requirement plain = parse_requirement("mode:int8");
  EXPECT_EQ(plain.kind, RequirementKind::kMode);
  EXPECT_EQ(plain.name, "int8");
  EXPECT_EQ(plain.word, "viable");
  EXPECT_EQ(plain.backend, "");
  const Requirement whole = parse_requirement("mode:nf4-dq@torch=slow");
  EXPECT_EQ(whole.name, "nf4-dq");
  EXPECT_EQ(whole.backend, "torch");
  EXPECT_EQ(whole.word, "slow");
  EXPECT_EQ(parse_requirement("mode:q4_k=viable").name, "q4_k");
  EXPECT_EQ(parse_requirement("mode:stored").name, "stored");
}

TEST(Requirement, IsAFitOrAFinding) {
  EXPECT_EQ(parse_requirement("fits:fp32").kind, RequirementKind::kFits);
  const Requirement finding = parse_requirement("finding:cpu.budget");
  EXPECT_EQ(finding.name, "cpu.budget");
  EXPECT_EQ(finding.word, "ok");
  EXPECT_EQ(parse_requirement("finding:gpu=absent").word, "absent");
}

struct Refusal {
  const char* text;
  const char* what;
  const char* hint;
};

TEST(Requirement, RefusesWhatItDoesNotKnowWithWhatItDoes) {
  const Refusal refusals[] = {
      {"", "unknown name ''", "ram, ram_total"},
      {"rma>=16GiB", "unknown name 'rma'", "avx512_bf16"},
      {"avx1024", "unknown name 'avx1024'", "--require help"},
      {"ram", "wants a limit", "ram>=16GiB"},
      {"ram>=16", "a unit is missing", "GiB"},
      {"ram>=16 parsec", "unknown unit 'parsec'", "GiB"},
      {"ram>=16GB/s", "unknown unit 'GB/s'", "GiB"},
      {"bandwidth>=16GB", "unknown unit 'GB'", "GB/s"},
      {"ram>=lots", "'lots' is no number", "ram>=16GiB"},
      {"ram>=", "'' is no number", "ram>=16GiB"},
      {"threads>=4GB", "a count has no unit", "threads>=4"},
      {"avx2=yes", "there or not", "Leave out"},
      {"mode:int3=viable", "unknown mode 'int3'", "fp32, bf16"},
      {"mode:int8=fast", "'fast' is no answer", "viable, slow"},
      {"mode:int8>=viable", "no answer", "viable, slow"},
      {"mode:int8@=viable", "no backend", "@torch"},
      {"mode:", "unknown mode ''", "fp32"},
      {"fits:everything", "unknown mode 'everything'", "fp32"},
      {"finding:=ok", "no finding is named", "cpu.budget"},
      {"finding:gpu=great", "'great' is no answer", "ok, warn"},
  };
  for (const auto& [text, what, hint] : refusals) {
    try {
      parse_requirement(text);
      ADD_FAILURE() << "'" << text << "' was understood";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(), HasSubstr(what)) << text;
      EXPECT_THAT(error.hint(), HasSubstr(hint)) << text;
    }
  }
}

TEST(Requirement, HelpNamesEverything) {
  for (const Language language : {Language::kEnglish, Language::kFrench}) {
    const std::string help = requirement_help(language);
    for (const Quantity& quantity : quantities()) {
      EXPECT_THAT(help, HasSubstr(std::string(quantity.example)));
      EXPECT_EQ(parse_requirement(quantity.example).name, quantity.name);
    }
    for (const std::string_view feature : features())
      EXPECT_THAT(help, HasSubstr(std::string(feature)));
    EXPECT_THAT(help, HasSubstr("mode:int8=viable"));
  }
}

Needs needs_of_texts(const std::vector<const char*>& texts, const std::string& stored = "") {
  std::vector<Requirement> requirements;
  for (const char* text : texts) requirements.push_back(parse_requirement(text));
  return needs_of(requirements, stored);
}

TEST(Needs, OfNoRequirementAreEverything) {
  const Needs needs = needs_of_texts({});
  EXPECT_TRUE(needs.everything && needs.drivers && needs.stack && needs.disk && needs.backends);
  EXPECT_EQ(needs.rates, RateParts::all());
}

TEST(Needs, OfFlagsAndSizesAreNothing) {
  for (const char* text : {"avx2", "ram>=1GB", "ram_total>=1GB", "threads>=1", "processors>=1",
                           "fits:fp32", "finding:cpu.budget", "finding:memory.swap=absent"}) {
    const Needs needs = needs_of_texts({text});
    EXPECT_FALSE(needs.everything || needs.rates.any() || needs.drivers || needs.stack ||
                 needs.disk || needs.backends)
        << text;
    EXPECT_TRUE(needs.trials.empty()) << text;
  }
}

TEST(Needs, OfARateAreThatRateOnly) {
  const auto expect_only = [](const char* text, const RateParts& parts) {
    const Needs needs = needs_of_texts({text});
    EXPECT_EQ(needs.rates, parts) << text;
    EXPECT_FALSE(needs.everything || needs.drivers || needs.stack || needs.disk || needs.backends)
        << text;
    EXPECT_TRUE(needs.trials.empty()) << text;
  };
  for (const char* text : {"bandwidth>=1GB/s", "finding:memory.bandwidth"})
    expect_only(text, {.bandwidth = true});
  for (const char* text : {"bandwidth_one>=1GB/s", "finding:memory.bandwidth_one"})
    expect_only(text, {.bandwidth_one = true});
  for (const char* text : {"triad>=1GB/s", "finding:memory.triad"})
    expect_only(text, {.triad = true});
  for (const char* text : {"fp32_rate>=1GFLOP/s", "bf16_rate>=1GFLOP/s", "int8_rate>=1GOP/s",
                           "finding:cpu.fma.bf16=absent"})
    expect_only(text, {.arithmetic = true});
  EXPECT_EQ(needs_of_texts({"bandwidth>=1GB/s", "fp32_rate>=1GFLOP/s"}).rates,
            (RateParts{.bandwidth = true, .arithmetic = true}));
}

TEST(Needs, AskForDriversStackDiskAndBackendsByName) {
  EXPECT_TRUE(needs_of_texts({"gpus>=1"}).drivers);
  EXPECT_TRUE(needs_of_texts({"vram>=1GB"}).drivers);
  EXPECT_TRUE(needs_of_texts({"finding:gpu.0.memory"}).drivers);
  EXPECT_TRUE(needs_of_texts({"finding:stack.int8"}).stack);
  EXPECT_TRUE(needs_of_texts({"finding:disk.read"}).disk);
  EXPECT_TRUE(needs_of_texts({"finding:backend.torch=absent"}).backends);
}

TEST(Needs, TryEachModeThatIsNamedOnce) {
  const Needs needs = needs_of_texts(
      {"mode:int8", "mode:int8=slow", "mode:nf4@torch", "mode:stored", "finding:mode.bf16.native"},
      "q4_1");
  EXPECT_EQ(needs.trials,
            (std::vector<ModeOnBackend>{
                {"int8", "native"}, {"nf4", "torch"}, {"q4_1", "native"}, {"bf16", "native"}}));
  EXPECT_FALSE(needs.rates.any());
}

TEST(Requirement, KnowsEveryFeatureThatAMachineMayTell) {
  for (const std::string& name : machine_names())
    for (const std::string& feature : machine::cpu_features(*captured_machine(name)))
      EXPECT_TRUE(is_feature(feature)) << feature << " of " << name;
}

Diagnosis diagnosis_of(const std::string& machine, const checkpoint::Checkpoint* model = nullptr) {
  const auto captured = captured_machine(machine);
  Question question{*captured, Language::kEnglish, model, {}, {}};
  Trials& trials = question.trials.emplace();
  trials.quick = true;
  ModeTrial& good = trials.rows.emplace_back();
  good.mode = "int8";
  good.backend = "native";
  good.verdict = ModeVerdict::kViable;
  ModeTrial& bad = trials.rows.emplace_back();
  bad.mode = "int8";
  bad.backend = "torch";
  bad.verdict = ModeVerdict::kBroken;
  bad.reason = "ended by SIGSEGV";
  ModeTrial& unknown = trials.rows.emplace_back();
  unknown.mode = "nf4";
  unknown.backend = "native";
  unknown.reason = "interrupted";
  return examine(question);
}

RequirementCheck checked(const char* text, const Diagnosis& diagnosis) {
  return check(parse_requirement(text), diagnosis, Language::kEnglish);
}

TEST(RequirementCheck, ComparesWithWhatWasFound) {
  const Diagnosis diagnosis = diagnosis_of("container-cgroup2");
  EXPECT_TRUE(checked("threads>=4", diagnosis).met);
  EXPECT_TRUE(checked("threads=4", diagnosis).met);
  EXPECT_FALSE(checked("threads>4", diagnosis).met);
  EXPECT_TRUE(checked("processors>=96", diagnosis).met);
  const RequirementCheck ram = checked("ram>=16GiB", diagnosis);
  EXPECT_FALSE(ram.met);
  EXPECT_FALSE(ram.unknown);
  EXPECT_EQ(ram.found, "14.0 GB");
  EXPECT_EQ(ram.text, "ram>=16GiB");
  EXPECT_TRUE(checked("gpus<1", diagnosis).met);
  EXPECT_FALSE(checked("vram>=1GB", diagnosis).met);
  EXPECT_TRUE(checked("avx2", diagnosis).met);
  EXPECT_FALSE(checked("amx_int8", diagnosis).met);
  EXPECT_TRUE(checked("finding:cpu.budget=warn", diagnosis).met);
  EXPECT_FALSE(checked("finding:cpu.budget", diagnosis).met);
}

TEST(RequirementCheck, DoesNotTakeUnknownForMet) {
  const Diagnosis nothing = diagnosis_of("nothing-readable");
  for (const char* text : {"ram>=1B", "ram<=1B", "bandwidth<=1GB/s", "fits:fp32",
                           "finding:no.such.thing", "mode:nf4=viable", "mode:bf16=broken"}) {
    const RequirementCheck check = checked(text, nothing);
    EXPECT_FALSE(check.met) << text;
    EXPECT_TRUE(check.unknown) << text;
    EXPECT_FALSE(check.found.empty()) << text;
  }
  EXPECT_THAT(checked("bandwidth>=1GB/s", nothing).found, HasSubstr("--quick"));
  EXPECT_TRUE(checked("mode:nf4=unknown", nothing).met);
}

TEST(RequirementCheck, SaysWhatAQuickVerdictMeans) {
  const Diagnosis diagnosis = diagnosis_of("dev-vm");
  const RequirementCheck good = checked("mode:int8=viable", diagnosis);
  EXPECT_TRUE(good.met);
  EXPECT_THAT(good.found, HasSubstr("not timed"));
  const RequirementCheck bad = checked("mode:int8@torch=viable", diagnosis);
  EXPECT_FALSE(bad.met);
  EXPECT_EQ(bad.found, "broken: ended by SIGSEGV");
  EXPECT_TRUE(checked("mode:int8@torch=broken", diagnosis).met);
}

TEST(RequirementCheck, AsksTheMemoryPlan) {
  const auto model = checkpoint::Checkpoint::open(test_data() + "/checkpoints/fp32");
  const Diagnosis diagnosis = diagnosis_of("dev-vm", &model);
  EXPECT_TRUE(checked("fits:fp32", diagnosis).met);
  EXPECT_TRUE(checked("fits:stored", diagnosis).met);
  EXPECT_THAT(checked("fits:fp32", diagnosis).found, HasSubstr("available"));
}

TEST(RequirementCheck, BecomesAFindingBeforeTheOthers) {
  Diagnosis diagnosis = diagnosis_of("dev-vm");
  check_requirements({parse_requirement("threads>=1"), parse_requirement("threads>=1000")},
                     Language::kFrench, diagnosis);
  ASSERT_EQ(diagnosis.requirements.size(), 2U);
  EXPECT_TRUE(diagnosis.requirements[0].met);
  EXPECT_FALSE(diagnosis.requirements[1].met);
  EXPECT_EQ(diagnosis.findings[0].id, "require.1");
  EXPECT_EQ(diagnosis.findings[0].status, FindingStatus::kOk);
  EXPECT_EQ(diagnosis.findings[1].status, FindingStatus::kFail);
  EXPECT_EQ(diagnosis.findings[1].title, "Exigé : threads>=1000");
}

}  // namespace
}  // namespace nety::diag
