// Which model: the first row is an answer, and every other says what it lacks.
#include "core/policy/offers.h"

#include <gmock/gmock.h>

#include <set>

#include "core/backends/native/memory.h"
#include "core/base/error.h"
#include "core/checkpoint/shapes.h"
#include "core/policy/other_machine.h"
#include "tests/policy/calibrations.h"

namespace nety::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

Wanted wanted() {
  Wanted out;
  out.plan.backend = native::memory();
  out.plan.run.threads = 2;
  out.min_tps = 5;
  out.memory_bytes = 30'000'000'000;
  return out;
}

TEST(Offers, BeginWithTheLargestModelThatMeetsTheWishes) {
  const auto models = catalogue();
  const auto all = offers(models, wanted(), round_machine());
  ASSERT_FALSE(all.empty());
  const auto best = best_of_each(all);
  ASSERT_FALSE(best.empty());
  EXPECT_TRUE(best.front().meets());
  std::set<std::string> names;
  const auto size = [](const Offer& offer) {
    return static_cast<double>(parameters(offer.model->facts.weights)) *
           static_cast<double>(active_parameters(offer.model->facts.weights));
  };
  for (size_t i = 0; i < best.size(); ++i) {
    EXPECT_TRUE(best[i].meets());
    EXPECT_LE(best[i].plan.needed(), wanted().memory_bytes);
    EXPECT_GE(best[i].prediction.decode_tps.value, 5);
    EXPECT_TRUE(names.insert(best[i].model->name).second) << "one row of each model";
    if (i > 0) {
      EXPECT_LE(size(best[i]), size(best[i - 1]));
    }
  }
  // What is left out misses something.
  for (const Offer& offer : all)
    if (!names.contains(offer.model->name)) {
      EXPECT_FALSE(offer.meets()) << offer.model->name;
    }
}

TEST(Offers, PreferTheModeNearestToWhatWasPublished) {
  Wanted easy = wanted();
  easy.min_tps = 0;
  const std::vector<Candidate> one = {candidate("smollm2-360m")};
  const auto all = offers(one, easy, round_machine());
  EXPECT_EQ(all.front().mode, "bf16") << "fp32 has no more than the published weights";
  easy.min_tps = all.front().prediction.decode_tps.value * 1.2;
  EXPECT_THAT(best_of_each(offers(one, easy, round_machine())).front().mode,
              testing::AnyOf("int8", "q8_0"));
}

TEST(Offers, SayWhatTheyMiss) {
  std::vector<Candidate> one = {candidate("llama-3.1-70b")};
  one.front().asked = true;
  Wanted strict = wanted();
  strict.max_first_token_s = 1;
  strict.plan.run.context = 200'000;
  strict.modes = {"fp32"};
  const auto best = best_of_each(offers(one, strict, round_machine()));
  ASSERT_EQ(best.size(), 1U) << "what was asked for is shown";
  EXPECT_THAT(best.front().misses, ElementsAre(Shortfall::kMemory, Shortfall::kContext,
                                               Shortfall::kSpeed, Shortfall::kFirstToken));
  EXPECT_FALSE(best.front().fits());
  one.front().asked = false;
  EXPECT_TRUE(best_of_each(offers(one, strict, round_machine())).empty());
}

TEST(Offers, NameTheNearestWhereNothingMeets) {
  const auto models = catalogue();
  Wanted impossible = wanted();
  impossible.min_tps = 1e6;
  const auto all = offers(models, impossible, round_machine());
  EXPECT_TRUE(best_of_each(all).empty());
  const Offer* found = nearest(all, impossible);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->model->name, "smollm2-135m");
  EXPECT_EQ(nearest({}, impossible), nullptr);
}

TEST(Offers, CarryTheCommandThatChecksThem) {
  const std::vector<Candidate> one = {candidate("qwen3-4b")};
  for (const Offer& offer : offers(one, wanted(), round_machine())) {
    EXPECT_THAT(offer.check, HasSubstr("nety bench"));
    EXPECT_THAT(offer.check, HasSubstr("-p 512 -n 32 -d 512"));
    if (offer.mode == "nf4") {
      EXPECT_EQ(offer.check, "nety bench --shape qwen3-4b --modes nf4 -p 512 -n 32 -d 512");
    }
    if (offer.mode == "q4_k") {
      EXPECT_THAT(offer.check, HasSubstr("qwen3-4b.q4_k.gguf --modes stored"));
    }
  }
}

TEST(Offers, HaveNoModeThatTheModelCannotHave) {
  Wanted every = wanted();
  every.modes = {"q4_k", "q8_0", "stored"};
  const std::vector<Candidate> one = {candidate("smollm2-135m")};  // 576 wide
  const auto all = offers(one, every, round_machine());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().mode, "q8_0");
}

TEST(Offers, ShortenThePromptToHalfTheContext) {
  Wanted small = wanted();
  small.plan.run.context = 200;
  const std::vector<Candidate> one = {candidate("smollm2-135m")};
  EXPECT_EQ(offers(one, small, round_machine()).front().workload.prompt, 100);
}

TEST(Catalogue, HasALicenceAndASourceForEveryModel) {
  const auto models = catalogue();
  EXPECT_EQ(models.size(), checkpoint::standard_shapes().size());
  EXPECT_EQ(checkpoint::shape_licences().size(), models.size());
  const std::set<std::string> terms = {"open", "conditions", "non-commercial"};
  for (const Candidate& model : models) {
    EXPECT_FALSE(model.licence.empty()) << model.name;
    EXPECT_TRUE(terms.contains(model.terms)) << model.name << ": " << model.terms;
    EXPECT_FALSE(model.source.empty()) << model.name;
  }
}

TEST(NearestNames, AreThoseOfTheSameLetters) {
  EXPECT_THAT(nearest_names("qwen3-4"), Contains("qwen3-4b"));
  EXPECT_EQ(nearest_names("llama-3.2-1").front(), "llama-3.2-1b");
  EXPECT_EQ(nearest_names("SMOLLM2-135M").front(), "smollm2-135m");
  EXPECT_EQ(nearest_names("mixtral", 2).size(), 2U);
  EXPECT_THAT(nearest_names("mixtral", 2).front(), HasSubstr("mixtral"));
  EXPECT_EQ(nearest_names("", 3).size(), 3U);
}

// The other way round: a machine with just what is needed gives just what is wanted.
TEST(Needs, AreMetByAMachineThatHasThem) {
  const Candidate model = candidate("llama-3.1-8b");
  Wanted fast = wanted();
  fast.min_tps = 10;
  fast.max_first_token_s = 2;
  fast.modes = {"bf16", "nf4"};
  const auto needs = needs_of(model, fast, round_machine());
  ASSERT_EQ(needs.size(), 2U);
  for (const Need& need : needs) {
    ASSERT_TRUE(need.possible);
    measure::Calibration there = round_machine();
    there.reads.front().bytes_per_s = {need.read_bytes_per_s, need.read_bytes_per_s,
                                       need.read_bytes_per_s};
    fast.modes = {need.mode};
    const std::vector<Candidate> one = {model};
    const auto offer = offers(one, fast, there);
    EXPECT_NEAR(offer.front().prediction.decode_tps.value, 10, 0.01);
    EXPECT_GT(need.peak_ops_per_s, 0);
    EXPECT_TRUE(need.calibrated);
  }
  EXPECT_GT(needs[0].read_bytes_per_s, needs[1].read_bytes_per_s);
  EXPECT_GT(needs[0].plan.needed(), needs[1].plan.needed());
}

TEST(Needs, CannotBeMetWhereLayersAloneTakeLonger) {
  Wanted fast = wanted();
  fast.min_tps = 1000;  // 32 layers of 0.1 ms
  fast.modes = {"nf4"};
  EXPECT_FALSE(needs_of(candidate("llama-3.1-8b"), fast, round_machine()).front().possible);
}

results::File diag_file() {
  results::File file;
  results::Machine machine;
  machine.id = "other-8t";
  machine.cpu = "Other";
  machine.cpu_budget.threads = 8;
  machine.memory_total_bytes = 64'000'000'000;
  machine.memory_available_bytes = 60'000'000'000;
  file.machines = {machine};
  const auto add = [&](const char* id, double data) {
    results::Finding finding;
    finding.id = id;
    finding.data = data;
    file.findings.push_back(finding);
  };
  add("memory.bandwidth", 60e9);
  add("cpu.fma.fp32", 8e11);
  return file;
}

TEST(OtherMachine, HasItsWallsAndOurShares) {
  const measure::Calibration here = round_machine();
  const auto there = calibration_of(diag_file(), "d.json", &here);
  EXPECT_EQ(there.machine.id, "other-8t");
  EXPECT_EQ(there.threads, 8);
  EXPECT_DOUBLE_EQ(there.read_rate(1000).median, 60e9);
  EXPECT_DOUBLE_EQ(there.find("nf4")->memory_share, here.find("nf4")->memory_share);
  EXPECT_DOUBLE_EQ(there.find("nf4")->multiply_s, here.find("nf4")->multiply_s / 4);
  EXPECT_DOUBLE_EQ(there.find("int8")->multiply_s, here.find("int8")->multiply_s / 4)
      << "its int8 was not measured: fp32 stands for it";
  EXPECT_FALSE(there.disk_bytes_per_s);
}

TEST(OtherMachine, HasItsWallsAloneWithoutACalibrationHere) {
  const auto there = calibration_of(diag_file(), "d.json", nullptr);
  EXPECT_TRUE(there.modes.empty());
  const std::vector<Candidate> one = {candidate("smollm2-135m")};
  EXPECT_EQ(offers(one, wanted(), there).front().prediction.basis, Basis::kWalls);
}

TEST(OtherMachine, IsRefusedWithoutAMachineOrItsMemory) {
  results::File none = diag_file(), quick = diag_file();
  none.machines.clear();
  quick.findings.clear();
  for (const results::File& file : {none, quick}) {
    try {
      calibration_of(file, "d.json", nullptr);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(), HasSubstr("d.json"));
      EXPECT_THAT(error.hint(), HasSubstr("nety diag"));
    }
  }
}

}  // namespace
}  // namespace nety::policy
