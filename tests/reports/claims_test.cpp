// Every judge at its margin, in both directions: an engine that cannot say REFUTED fails here.
#include "reports/claims/claims.h"

#include <gtest/gtest.h>

#include <set>

#include "core/precision/mode.h"
#include "core/results/merge.h"
#include "fixtures.h"
#include "reports/claims/evidence.h"

namespace nety::reports {
namespace {

using results::Claim;
using results::File;
using results::Result;
using results::Status;
using results::Verdict;

Claim claim(const File& file, std::string_view id, const ClaimOptions& options = {}) {
  for (Claim& candidate : judge(file, options))
    if (candidate.id == id) return candidate;
  ADD_FAILURE() << "no claim " << id;
  return {};
}

Verdict verdict(const File& file, std::string_view id) { return claim(file, id).verdict; }

/// fp32 as the reference and one more configuration; the policy chose fp32.
File pair(const Sketch& other) {
  File file = bare_file();
  Sketch fp32{.mode = "fp32", .tg_tps = 100};
  fp32.reference = true;
  add_configuration(file, fp32);
  add_configuration(file, other);
  decide_for(file, "fp32");
  return file;
}

/// A configuration whose decode rate is `ratio` times that of fp32 in every round.
Sketch at_ratio(const std::string& mode, double ratio) {
  return {.mode = mode, .peak_mb = 300, .tg_tps = 100 * ratio, .kld = 0.001, .top1 = 0.98};
}

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

TEST(Faster, TurnsAtItsMargin) {
  EXPECT_EQ(verdict(pair(at_ratio("bf16", 1.021)), "bf16-faster"), Verdict::kSupported);
  EXPECT_EQ(verdict(pair(at_ratio("bf16", 1.019)), "bf16-faster"), Verdict::kRefuted);
  Sketch noisy = at_ratio("bf16", 1.02);
  noisy.spread = 0.05;  // fp32's samples move differently
  EXPECT_EQ(verdict(pair(noisy), "bf16-faster"), Verdict::kInconclusive);
}

TEST(Faster, IsUndecidedByFewRounds) {
  File file = pair(at_ratio("bf16", 2));
  for (Result& row : file.results)
    if (row.phase == "decode")
      row.metrics["tg_tps"] = results::summarise("tok/s", {row.mode == "fp32" ? 1.0 : 2.0});
  const Claim undecided = claim(file, "bf16-faster");
  EXPECT_EQ(undecided.verdict, Verdict::kInconclusive);
  EXPECT_NE(undecided.command.find("-r 20"), std::string::npos);
}

TEST(Faster, WorksFromIntervalsWhereSamplesAreGone) {
  File file = pair(at_ratio("bf16", 2));
  for (Result& row : file.results)
    for (auto& [name, metric] : row.metrics) metric.samples.clear();
  EXPECT_EQ(verdict(file, "bf16-faster"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kRefuted);
}

TEST(Faster, ComparesOnOneBackend) {
  File file = bare_file();
  add_configuration(file, {.mode = "fp32", .backend = "torch", .tg_tps = 20});
  add_configuration(file, {.mode = "bf16", .tg_tps = 100});
  EXPECT_EQ(verdict(file, "bf16-faster"), Verdict::kNotTested);
}

TEST(AsGood, TurnsAtItsLimits) {
  const auto with = [](double kld, double kld_half, double top1, double top1_half) {
    Sketch sketch = at_ratio("bf16", 1);
    sketch.kld = kld;
    sketch.kld_half = kld_half;
    sketch.top1 = top1;
    sketch.top1_half = top1_half;
    return verdict(pair(sketch), "bf16-as-good");
  };
  EXPECT_EQ(with(0.0089, 0.001, 0.98, 0.01), Verdict::kSupported);
  EXPECT_EQ(with(0.0111, 0.001, 0.98, 0.01), Verdict::kRefuted);
  EXPECT_EQ(with(0.0095, 0.001, 0.98, 0.01), Verdict::kInconclusive);
  EXPECT_EQ(with(0.001, 0.001, 0.969, 0.008), Verdict::kSupported);
  EXPECT_EQ(with(0.001, 0.001, 0.951, 0.008), Verdict::kRefuted);
  EXPECT_EQ(with(0.001, 0.001, 0.965, 0.008), Verdict::kInconclusive);
}

TEST(AsGood, TakesOtherLimits) {
  const File file = pair(at_ratio("bf16", 1));
  ClaimOptions strict;
  strict.admissible.kld = 0.0005;
  EXPECT_EQ(claim(file, "bf16-as-good", strict).verdict, Verdict::kRefuted);
  EXPECT_NE(claim(file, "bf16-as-good", strict).margin.find("0.0005"), std::string::npos);
}

TEST(BestAdmissible, TurnsAtItsMargin) {
  EXPECT_EQ(verdict(pair(at_ratio("bf16", 1.03)), "best-admissible"), Verdict::kRefuted);
  EXPECT_EQ(verdict(pair(at_ratio("bf16", 1.01)), "best-admissible"), Verdict::kSupported);
  EXPECT_EQ(verdict(pair(at_ratio("bf16", 0.5)), "best-admissible"), Verdict::kSupported);
}

TEST(BestAdmissible, IgnoresWhatIsFasterButFar) {
  Sketch far = at_ratio("nf4", 4);
  far.kld = 0.3;
  far.top1 = 0.65;
  EXPECT_EQ(verdict(pair(far), "best-admissible"), Verdict::kSupported);
}

TEST(BestAdmissible, DoubtsWhatIsFasterAndOfUnknownQuality) {
  Sketch unknown = at_ratio("bf16", 2);
  unknown.quality = false;
  const Claim doubt = claim(pair(unknown), "best-admissible");
  EXPECT_EQ(doubt.verdict, Verdict::kInconclusive);
  EXPECT_NE(doubt.command.find("--quality"), std::string::npos);
}

TEST(BestAdmissible, RefutesAChoiceThatIsItselfFar) {
  Sketch far = at_ratio("nf4", 4);
  far.kld = 0.3;
  File file = pair(far);
  decide_for(file, "nf4");
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kRefuted);
}

TEST(BestAdmissible, NamesTheRegret) {
  const Claim refuted = claim(machine_file(), "best-admissible");
  EXPECT_NE(refuted.evidence.find("stored (native)"), std::string::npos) << refuted.evidence;
  EXPECT_NE(refuted.evidence.find("131 tok/s"), std::string::npos) << refuted.evidence;
  EXPECT_NE(refuted.evidence.find("420 MB"), std::string::npos) << refuted.evidence;
}

TEST(BestAdmissible, IsNotTestedAlone) {
  File file = bare_file();
  Sketch fp32{.mode = "fp32"};
  fp32.reference = true;
  add_configuration(file, fp32);
  decide_for(file, "fp32");
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kNotTested);
  file.decision.reset();
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kNotTested);
}

TEST(Stable, IsRefutedByEachOfItsConditions) {
  const File good = machine_file();
  const auto refuted_by = [&good](auto&& change) {
    File file = good;
    for (Result& row : file.results)
      if (row.mode == "fp32") change(row);
    return verdict(file, "cpu-fp32-stable");
  };
  EXPECT_EQ(refuted_by([](Result& row) {
              if (row.phase == "decode" && row.backend == "native") row.status = Status::kCrashed;
            }),
            Verdict::kRefuted);
  EXPECT_EQ(refuted_by([](Result& row) {
              if (row.phase == "quality") row.metrics["nll"].median.reset();
            }),
            Verdict::kRefuted);
  EXPECT_EQ(refuted_by([](Result& row) {
              if (row.phase == "quality")
                row.metrics["repeat_difference"] = results::exactly("logit", 1e-6);
            }),
            Verdict::kRefuted);
  EXPECT_EQ(refuted_by([](Result& row) {
              if (row.phase == "quality" && row.backend == "torch")
                row.metrics["kld"] = results::exactly("nat", 2e-4);
            }),
            Verdict::kRefuted);
  EXPECT_EQ(refuted_by([](Result& row) {
              if (row.phase == "quality" && row.backend == "torch")
                row.metrics["kld"] = results::exactly("nat", 0.9e-4);
            }),
            Verdict::kSupported);
}

TEST(Fits, FollowsTheRefusalAndTheSpareTenth) {
  File file = machine_file();
  file.machines[0].memory_available_bytes = 661'000'000;  // 600 MB and a tenth
  EXPECT_EQ(verdict(file, "fp32-fits"), Verdict::kSupported);
  file.machines[0].memory_available_bytes = 659'000'000;
  EXPECT_EQ(verdict(file, "fp32-fits"), Verdict::kInconclusive);
  EXPECT_EQ(verdict(failing_file(), "fp32-fits"), Verdict::kRefuted);
}

TEST(Stored, IsRefutedBySpeedMemoryOrQuality) {
  const auto with = [](auto&& change) {
    Sketch stored = at_ratio("stored", 1.5);
    change(stored);
    return verdict(pair(stored), "stored-vs-fp32");
  };
  EXPECT_EQ(with([](Sketch&) {}), Verdict::kSupported);
  EXPECT_EQ(with([](Sketch& s) { s.tg_tps = 101; }), Verdict::kRefuted);
  EXPECT_EQ(with([](Sketch& s) { s.peak_mb = 700; }), Verdict::kRefuted);
  EXPECT_EQ(with([](Sketch& s) { s.kld = 0.02; }), Verdict::kRefuted);
  EXPECT_EQ(with([](Sketch& s) { s.quality = false; }), Verdict::kInconclusive);
}

TEST(InstalledStack, SupportsOrRefutes) {
  File file = bare_file();
  add_configuration(file, {.mode = "int8", .backend = "installed", .tg_tps = 20});
  EXPECT_EQ(verdict(file, "bnb-int8-works"), Verdict::kSupported);
  for (Result& row : file.results)
    if (row.phase == "load") {
      row.status = Status::kError;
      row.reason = "'Int8Params' object has no attribute 'SCB'";
    }
  const Claim refuted = claim(file, "bnb-int8-works");
  EXPECT_EQ(refuted.verdict, Verdict::kRefuted);
  EXPECT_NE(refuted.evidence.find("SCB"), std::string::npos);
}

TEST(Smaller, TurnsAtItsMargin) {
  const auto with_peak = [](double mb) {
    Sketch sketch = at_ratio("int8", 1);
    sketch.peak_mb = mb;
    return verdict(pair(sketch), "int8-smaller");  // fp32 has 600 MB
  };
  EXPECT_EQ(with_peak(569), Verdict::kSupported);
  EXPECT_EQ(with_peak(571), Verdict::kRefuted);
  EXPECT_EQ(with_peak(700), Verdict::kRefuted);
}

TEST(Prefill, TurnsAtItsMarginAndTakesTheLongestPrompt) {
  const auto with_rate = [](double tps) {
    Sketch sketch = at_ratio("fp16", 1);
    sketch.pp_tps = tps;  // fp32 has 1000 at 512 tokens, both less at 128
    return claim(pair(sketch), "fp16-prefill-faster");
  };
  EXPECT_EQ(with_rate(1021).verdict, Verdict::kSupported);
  EXPECT_EQ(with_rate(1019).verdict, Verdict::kRefuted);
  EXPECT_NE(with_rate(300).evidence.find("300 tok/s"), std::string::npos);
}

TEST(BestFp32, LeavesStoredRowsAndOtherEnginesAside) {
  File file = pair(at_ratio("stored", 3));
  Sketch torch = at_ratio("bf16", 2);
  torch.backend = "torch";
  add_configuration(file, torch);
  decide_for(file, "stored");
  EXPECT_EQ(verdict(file, "cpu-fp32-best"), Verdict::kNotTested);
  add_configuration(file, at_ratio("bf16", 1.03));
  EXPECT_EQ(verdict(file, "cpu-fp32-best"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kSupported) << "stored is the fastest";
}

TEST(BestFp32, IsSupportedWhereNothingIsFaster) {
  EXPECT_EQ(verdict(laptop_file(), "cpu-fp32-best"), Verdict::kSupported);
  EXPECT_EQ(verdict(pair(at_ratio("bf16", 1.01)), "cpu-fp32-best"), Verdict::kSupported);
}

TEST(InstalledStack, IsComparedWithItself) {
  const File file = complete_file();
  EXPECT_EQ(verdict(file, "bnb-int8-works"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "bnb-int8-faster"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "bnb-int8-as-good"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "bnb-nf4-faster"), Verdict::kSupported) << "than the installed fp32";
  EXPECT_NE(claim(file, "bnb-nf4-faster").evidence.find("22.0 tok/s"), std::string::npos);
  EXPECT_NE(claim(machine_file(), "bnb-int8-faster").command.find("--backends installed"),
            std::string::npos);
}

/// The stack's small tests with those outcomes: the story's call offloaded, 8-bit on the CPU alone,
/// fp32 on the CPU; 'o' works, 'x' fails, '-' was not run.
File stack(const std::string& outcomes) {
  File file = bare_file();
  const char* const checks[] = {"int8_offload", "int8_cpu", "fp32"};
  for (size_t i = 0; i < 3; ++i)
    if (outcomes[i] != '-')
      add_stack_check(
          file, checks[i],
          outcomes[i] == 'o' ? results::FindingStatus::kOk : results::FindingStatus::kFail, "?");
  return file;
}

TEST(Fix, IsTracedToItsCauseBothWays) {
  EXPECT_EQ(verdict(stack("xoo"), "fix-is-fp32"), Verdict::kRefuted);
  EXPECT_EQ(verdict(stack("xoo"), "fix-is-device-map"), Verdict::kSupported);
  EXPECT_EQ(verdict(stack("xxo"), "fix-is-fp32"), Verdict::kSupported);
  EXPECT_EQ(verdict(stack("xxo"), "fix-is-device-map"), Verdict::kRefuted);
  for (const char* nothing_cured : {"ooo", "oxo", "xox", "xxx"}) {
    EXPECT_EQ(verdict(stack(nothing_cured), "fix-is-fp32"), Verdict::kInconclusive);
    EXPECT_EQ(verdict(stack(nothing_cured), "fix-is-device-map"), Verdict::kInconclusive);
  }
  for (const char* untested : {"---", "-oo", "x-o", "xo-"}) {
    EXPECT_EQ(verdict(stack(untested), "fix-is-fp32"), Verdict::kNotTested);
    EXPECT_NE(claim(stack(untested), "fix-is-fp32").command.find("nety diag --python"),
              std::string::npos);
  }
}

TEST(Offloading, IsJudgedFromTheSmallTest) {
  EXPECT_EQ(verdict(stack("x--"), "bnb-int8-offloaded"), Verdict::kRefuted);
  EXPECT_EQ(verdict(stack("o--"), "bnb-int8-offloaded"), Verdict::kSupported);
  EXPECT_EQ(verdict(stack("---"), "bnb-int8-offloaded"), Verdict::kNotTested);
}

TEST(Retry, HelpsWhereTheSecondCallWorks) {
  File file = stack("xoo");
  EXPECT_EQ(verdict(file, "retry-helps"), Verdict::kNotTested);
  add_stack_check(file, "int8_offload_retry", results::FindingStatus::kFail, "the same error");
  EXPECT_EQ(verdict(file, "retry-helps"), Verdict::kRefuted);
  file.findings.back().status = results::FindingStatus::kOk;
  EXPECT_EQ(verdict(file, "retry-helps"), Verdict::kSupported);
  File fine = stack("ooo");
  add_stack_check(fine, "int8_offload_retry", results::FindingStatus::kOk, "works");
  EXPECT_EQ(verdict(fine, "retry-helps"), Verdict::kInconclusive) << "nothing failed";
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

TEST(GpuFourBit, IsJudgedFromARowOnAGpu) {
  File file = bare_file();
  file.models[0].parameters = 7'241'732'096;
  add_configuration(file, {.mode = "nf4", .backend = "cuda"});
  for (Result& row : file.results) row.device = "cuda:0";
  EXPECT_EQ(verdict(file, "gpu-4bit"), Verdict::kNotTested);
  file.results[0].metrics["peak_gpu_bytes"] = results::exactly("bytes", 4.4e9);
  EXPECT_EQ(verdict(file, "gpu-4bit"), Verdict::kSupported);
  file.results[0].metrics["peak_gpu_bytes"] = results::exactly("bytes", 5.3e9);
  EXPECT_EQ(verdict(file, "gpu-4bit"), Verdict::kRefuted);
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
