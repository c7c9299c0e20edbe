// What is kept of a run, for how long, and what the policy makes of it.
#include "core/policy/evidence_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/base/files.h"
#include "core/policy/explain.h"
#include "core/policy/messages.h"
#include "tests/policy/models.h"

namespace nety::policy {
namespace {

namespace fs = std::filesystem;
using precision::ModeId;
using results::Status;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTool = "nety 9";
// 2026-11-25T12:00:00Z
const EvidenceStore::Clock::time_point kNow = EvidenceStore::Clock::from_time_t(1795608000);
constexpr const char* kCreated = "2026-11-25T11:00:00Z";

class Store : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(folder_, ""); }
  EvidenceStore store() const { return EvidenceStore(folder_); }
  const TemporaryFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

results::Result row(const char* mode, const char* phase, Status status = Status::kOk) {
  results::Result row;
  row.machine = "cpu-2t-0a";
  row.model = "m/gguf/1";
  row.mode = mode;
  row.backend = "native";
  row.device = "cpu";
  row.phase = phase;
  row.status = status;
  return row;
}

void add_mode(results::File& file, const char* mode, double tg_tps, double kld, double top1) {
  results::Result decode = row(mode, "decode");
  decode.metrics["tg_tps"] =
      results::summarise("tok/s", {tg_tps, tg_tps, tg_tps, tg_tps, tg_tps, tg_tps});
  decode.metrics["itl_p99_s"] = results::exactly("s", 0.01);
  results::Result quality = row(mode, "quality");
  quality.metrics["kld"] = results::exactly("nat", kld);
  quality.metrics["top1_agreement"] = results::exactly("ratio", top1);
  file.results.push_back(decode);
  file.results.push_back(quality);
}

results::File measured(const char* created = kCreated) {
  results::File file;
  file.tool = kTool;
  file.created_utc = created;
  file.machines.emplace_back().id = "cpu-2t-0a";
  file.models.emplace_back().id = "m/gguf/1";
  add_mode(file, "fp32", 80, 0, 1);
  add_mode(file, "bf16", 160, 0.00125, 0.976);
  add_mode(file, "nf4", 330, 0.33, 0.656);
  results::Result crash = row("int8", "load", Status::kCrashed);
  crash.reason = "ended by SIGSEGV";
  file.results.push_back(crash);
  return file;
}

TEST_F(Store, KeepsAReadableFileOfWhatIsConsulted) {
  const auto path = store().keep(measured(), kNow);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->parent_path(), folder_ / "cpu-2t-0a");
  const std::string text = read_file(*path);
  EXPECT_THAT(text, HasSubstr("\"median\": 160.0"));
  EXPECT_THAT(text, HasSubstr("\"samples\": []"));
  EXPECT_THAT(text, Not(HasSubstr("itl_p99_s")));
  const auto files = store().of("cpu-2t-0a", kTool, kNow);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].results.size(), 7U);
}

TEST_F(Store, KeepsNothingOfAFileWithoutRows) {
  results::File file = measured();
  file.results.clear();
  EXPECT_FALSE(store().keep(file, kNow));
  EXPECT_FALSE(store().keep({}, kNow));
}

TEST_F(Store, LetsEvidenceExpireToTheSecond) {
  ASSERT_TRUE(store().keep(measured(), kNow));
  const auto made = kNow - std::chrono::hours(1);
  const auto last = made + EvidenceStore::kLifetime;
  EXPECT_EQ(store().of("cpu-2t-0a", kTool, last).size(), 1U);
  EXPECT_EQ(store().of("cpu-2t-0a", kTool, last + std::chrono::seconds(1)).size(), 0U);
}

TEST_F(Store, KnowsMachinesAndVersionsApart) {
  ASSERT_TRUE(store().keep(measured(), kNow));
  EXPECT_TRUE(store().of("other", kTool, kNow).empty());
  EXPECT_TRUE(store().of("cpu-2t-0a", "nety 10", kNow).empty());
}

TEST_F(Store, RemovesWhatHasExpiredAndWhatIsTooMuch) {
  ASSERT_TRUE(store().keep(measured("2026-09-01T00:00:00Z"), kNow));
  for (int day = 10; day < 25; ++day)
    for (const char* hour : {"01", "13"}) {
      const std::string at = "2026-11-" + std::to_string(day) + "T" + hour + ":00:00Z";
      ASSERT_TRUE(store().keep(measured(at.c_str()), kNow));
    }
  const auto files = store().of("cpu-2t-0a", kTool, kNow);
  EXPECT_EQ(files.size(), 30U);
  EXPECT_EQ(files.front().created_utc, "2026-11-24T13:00:00Z");
  const auto count = std::distance(fs::directory_iterator(folder_ / "cpu-2t-0a"), {});
  EXPECT_EQ(count, 30);
}

TEST_F(Store, PassesOverADamagedFile) {
  const auto path = store().keep(measured(), kNow);
  ASSERT_TRUE(path);
  write_file(path->parent_path() / "2026-11-25T11_30_00Z.json", "{\"schema\": \"nety.res");
  EXPECT_EQ(store().of("cpu-2t-0a", kTool, kNow).size(), 1U);
}

TEST_F(Store, MakesAFileNameOfAnyFingerprint) {
  results::File file = measured();
  file.machines[0].id = "../../x y";
  for (results::Result& one : file.results) one.machine = file.machines[0].id;
  const auto path = store().keep(file, kNow);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->parent_path(), folder_ / "______x_y");
  EXPECT_EQ(store().of("../../x y", kTool, kNow).size(), 1U);
}

TEST(Consult, TellsWhatWasMeasuredAndWhatCannotBeUsed) {
  Evidence evidence;
  const std::vector<results::File> files = {measured()};
  consult(evidence, files, "m/gguf/1");
  ASSERT_EQ(evidence.measured.size(), 3U);
  EXPECT_EQ(evidence.measured[1].mode, "bf16");
  EXPECT_EQ(evidence.measured[1].tg_tps, 160);
  EXPECT_EQ(evidence.measured[1].n, 6);
  ASSERT_EQ(evidence.unusable.size(), 1U);
  EXPECT_EQ(evidence.unusable[0].mode, ModeId::int8);
  EXPECT_EQ(evidence.unusable[0].reason, "ended by SIGSEGV");
}

TEST(Consult, BelievesTheNewestFileAndOnlyTheModelAsked) {
  Evidence evidence;
  results::File newer = measured();
  newer.results.clear();
  add_mode(newer, "int8", 200, 0.02, 0.91);
  const std::vector<results::File> files = {newer, measured()};
  consult(evidence, files, "m/gguf/1");
  EXPECT_TRUE(evidence.unusable.empty()) << "the newer run of int8 did not crash";
  Evidence other;
  consult(other, files, "another");
  EXPECT_TRUE(other.measured.empty());
}

results::Machine machine_of(uint64_t gb) {
  results::Machine machine;
  machine.memory_total_bytes = machine.memory_available_bytes = gb * 1'000'000'000;
  machine.features = {"avx2", "avx512f"};
  return machine;
}

std::vector<std::string> notices_of(const Decision& decision) {
  std::vector<std::string> out;
  for (const Text& notice : decision.notices) out.push_back(render(notice, Language::kEnglish));
  return out;
}

/// What nety diag writes of a mode.
results::File tried(const char* created, const char* mode, Status status) {
  results::File file;
  file.tool = kTool;
  file.created_utc = created;
  file.machines.emplace_back().id = "cpu-2t-0a";
  file.results = {row(mode, "matvec", status)};
  file.results[0].model = "products";
  if (status != Status::kOk) file.results[0].reason = "wrong results";
  return file;
}

TEST(Consult, TakesWhatDiagFoundBrokenForAnyModel) {
  const auto unusable = [](std::vector<results::File> files) {
    Evidence evidence;
    consult(evidence, files, "m/gguf/1");
    return evidence.unusable;
  };
  const auto broken = unusable({tried("2026-11-25T11:30:00Z", "fp16", Status::kError)});
  ASSERT_EQ(broken.size(), 1U);
  EXPECT_EQ(broken[0].mode, ModeId::fp16);
  EXPECT_EQ(broken[0].backend, "native");
  EXPECT_EQ(broken[0].reason, "wrong results");
  // The newest trial decides, what was not tried to the end does not, and what ran on the model
  // itself is worth more.
  EXPECT_TRUE(unusable({tried("2026-11-25T11:40:00Z", "fp16", Status::kOk),
                        tried("2026-11-25T11:30:00Z", "fp16", Status::kError)})
                  .empty());
  EXPECT_EQ(unusable({tried("2026-11-25T11:40:00Z", "fp16", Status::kSkipped),
                      tried("2026-11-25T11:30:00Z", "fp16", Status::kCrashed)})
                .size(),
            1U);
  const std::vector<results::File> ran = {measured(),
                                          tried("2026-11-25T10:00:00Z", "bf16", Status::kError)};
  Evidence with_ran;
  consult(with_ran, ran, "m/gguf/1");
  for (const ModeTrouble& trouble : with_ran.unusable) EXPECT_NE(trouble.mode, ModeId::bf16);
}

TEST(PolicyWithEvidence, SaysWhatIsFasterAndKeepsTheChoice) {
  Evidence evidence;
  const std::vector<results::File> files = {measured()};
  consult(evidence, files, "m/gguf/1");
  const ModelFacts model = stored_as(smollm2_135m(), ModeId::bf16);
  const Decision decision = decide({}, machine_of(20), model, evidence);
  EXPECT_EQ(decision.mode_name(), "fp32");
  EXPECT_THAT(notices_of(decision),
              testing::ElementsAre(
                  "bf16 was 2.00x as fast as fp32 here (2026-11-25) at KLD 0.00125, top-1 97.6 %: "
                  "--policy measured chooses it."));
}

TEST(PolicyWithEvidence, DoesNotRecommendWhatIsTooFarFromFp32OrHardlyFaster) {
  const ModelFacts model = stored_as(smollm2_135m(), ModeId::bf16);
  const auto notices = [&](double tps, double kld, double top1) {
    Evidence evidence;
    results::File file = measured();
    file.results.clear();
    add_mode(file, "fp32", 80, 0, 1);
    add_mode(file, "bf16", tps, kld, top1);
    const std::vector<results::File> files = {file};
    consult(evidence, files, "m/gguf/1");
    return decide({}, machine_of(20), model, evidence).notices.size();
  };
  EXPECT_EQ(notices(160, 0.01, 0.96), 1U);
  EXPECT_EQ(notices(160, 0.0101, 0.97), 0U);
  EXPECT_EQ(notices(160, 0.001, 0.9599), 0U);
  EXPECT_EQ(notices(87, 0.001, 0.98), 0U);
  EXPECT_EQ(notices(89, 0.001, 0.98), 1U);
}

TEST(PolicyWithEvidence, PassesOverAModeThatCrashedHere) {
  Evidence evidence;
  results::File file = measured();
  file.results.push_back(row("bf16", "load", Status::kCrashed));
  const std::vector<results::File> files = {file};
  consult(evidence, files, "m/gguf/1");
  const ModelFacts model = stored_as(mistral_7b(), ModeId::bf16);
  EXPECT_EQ(decide({}, machine_of(22), model, {}).mode_name(), "bf16");
  Request request;
  request.plan.run.context = 512;
  EXPECT_EQ(decide(request, machine_of(22), model, evidence).mode_name(), "nf4")
      << "bf16 and int8 crashed here";
}

TEST(Explain, GivesTheWholeChainAndEveryWhatIf) {
  Evidence evidence;
  const std::vector<results::File> files = {measured()};
  consult(evidence, files, "m/gguf/1");
  results::Machine machine = machine_of(22);
  machine.cpu = "Test CPU";
  machine.id = "cpu-2t-0a";
  const std::string text =
      explain({}, machine, stored_as(mistral_7b(), ModeId::bf16), evidence, Language::kEnglish);
  for (const char* part :
       {"Request\n", "Machine\n  Test CPU", "fingerprint cpu-2t-0a", "no GPU", "Evidence\n",
        "bf16 on native: 160 tok/s (n=6), KLD 0.00125, top-1 97.6 %; measured 2026-11-25",
        "int8 on native cannot be used: ended by SIGSEGV", "cpu-widest-that-fits   decides",
        "refuse                 not reached",
        " needed, a tenth to spare included, 22.0 GB available.", "Decision\n  bf16 on native, cpu",
        "a GPU with 24 GB were here\n      nf4 (compute bf16) on cuda, cuda:0, by the rule "
        "gpu-4bit",
        "twice the memory (44.0 GB)\n      fp32 on native", "half of the memory (11.0 GB)\n",
        "the CPU had AVX2 only\n      bf16 on native"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, Not(HasSubstr("{")));
}

TEST(Explain, AsksOfAQuantisedFileWhatAFloatOneWouldGet) {
  const ModelFacts model = stored_as(smollm2_135m(), ModeId::q4_1, ModeId::q8_0);
  const std::vector<WhatIf> ifs = what_ifs({}, machine_of(8), model, {});
  ASSERT_EQ(ifs.size(), 5U);
  EXPECT_EQ(ifs[0].outcome.decision->mode_name(), "stored");
  EXPECT_EQ(ifs[4].condition.id, message::policy_if_float);
  EXPECT_EQ(ifs[4].outcome.decision->mode_name(), "fp32");
  const std::string french = explain({}, machine_of(8), model, {}, Language::kFrench);
  EXPECT_THAT(french, HasSubstr("Et si\n  un GPU de 24 Go était là"));
}

TEST(Explain, TellsARefusal) {
  const std::string text =
      explain({}, machine_of(1), stored_as(mistral_7b(), ModeId::bf16), {}, Language::kEnglish);
  EXPECT_THAT(text, HasSubstr("Decision\n  refused: no mode of"));
}

}  // namespace
}  // namespace nety::policy
