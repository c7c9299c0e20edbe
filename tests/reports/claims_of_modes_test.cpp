// Every judge of modes at its margin, in both directions.
#include "reports/claims/claims.h"

#include <gtest/gtest.h>

#include "judged.h"

namespace nety::reports {
namespace {

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

}  // namespace
}  // namespace nety::reports
