#include "diag/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "diag/probe.h"
#include "tests/diag/machines.h"

namespace nety::diag {
namespace {

using results::Finding;
using results::FindingStatus;
using ::testing::HasSubstr;

Finding finding_of(const std::string& machine, const std::string& id,
                   Language language = Language::kEnglish) {
  for (const Finding& finding : diagnose(*captured_machine(machine), language))
    if (finding.id == id) return finding;
  ADD_FAILURE() << "no finding " << id << " on " << machine;
  return {};
}

// Probes of a GPU that is not there have nothing to say.
const auto kOfDevices = static_cast<size_t>(
    std::count_if(probe_names().begin(), probe_names().end(),
                  [](std::string_view name) { return name.starts_with("gpu_"); }));

class EveryProbe : public testing::TestWithParam<std::string> {};

TEST_P(EveryProbe, AnswersWithoutThrowingOnThisMachine) {
  const auto machine = captured_machine(GetParam());
  std::set<std::string> ids;
  for (const Finding& finding : diagnose(*machine, Language::kEnglish)) {
    EXPECT_TRUE(ids.insert(finding.id).second) << finding.id;
    EXPECT_FALSE(finding.title.empty()) << finding.id;
    EXPECT_FALSE(finding.value.empty()) << finding.id;
    EXPECT_FALSE(finding.source.empty()) << finding.id;
    EXPECT_EQ((finding.title + finding.value + finding.consequence + finding.remedy).find('{'),
              std::string::npos)
        << finding.id;
    const bool good = finding.status == FindingStatus::kOk;
    EXPECT_TRUE(good || finding.status == FindingStatus::kAbsent ||
                finding.status == FindingStatus::kUnknown || !finding.consequence.empty())
        << finding.id << " says what is wrong and not what follows";
  }
  EXPECT_GE(ids.size(), probe_names().size() - kOfDevices);
}

TEST_P(EveryProbe, AnswersInFrenchToo) {
  const auto machine = captured_machine(GetParam());
  const auto english = diagnose(*machine, Language::kEnglish);
  const auto french = diagnose(*machine, Language::kFrench);
  ASSERT_EQ(english.size(), french.size());
  for (size_t i = 0; i < english.size(); ++i) {
    EXPECT_EQ(english[i].id, french[i].id);
    EXPECT_EQ(english[i].status, french[i].status);
    EXPECT_EQ(english[i].data, french[i].data);
    EXPECT_EQ(english[i].consequence.empty(), french[i].consequence.empty());
    EXPECT_TRUE(english[i].consequence.empty() || english[i].consequence != french[i].consequence)
        << english[i].consequence;
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryProbe, testing::ValuesIn(machine_names()),
                         [](const auto& row) { return test_name(row.param); });

TEST(Diagnose, NeverTakesDeniedForZeroOrFailure) {
  for (const Finding& finding :
       diagnose(*captured_machine("nothing-readable"), Language::kEnglish)) {
    EXPECT_NE(finding.status, FindingStatus::kFail) << finding.id;
    EXPECT_NE(finding.value, "0 B") << finding.id;
  }
  EXPECT_EQ(finding_of("nothing-readable", "memory.total").status, FindingStatus::kUnknown);
  EXPECT_EQ(finding_of("nothing-readable", "memory.total").value, "cannot be told (denied)");
  EXPECT_EQ(finding_of("nothing-readable", "gpu").status, FindingStatus::kUnknown);
}

TEST(Diagnose, SaysThatNoGpuIsFine) {
  const Finding finding = finding_of("dev-vm", "gpu");
  EXPECT_EQ(finding.status, FindingStatus::kAbsent);
  EXPECT_THAT(finding.consequence, HasSubstr("fine"));
  EXPECT_EQ(finding_of("dev-vm", "gpu", Language::kFrench).value, "aucun");
}

TEST(Diagnose, SaysWhyAGpuIsNotUsed) {
  EXPECT_THAT(finding_of("laptop-avx2", "gpu.0").consequence, HasSubstr("not supported yet"));
  EXPECT_THAT(finding_of("server-nvidia-denied", "gpu.0").consequence, HasSubstr("denied"));
}

TEST(Diagnose, NamesTheQuotaThatLimitsTheThreads) {
  const Finding four = finding_of("container-cgroup2", "cpu.budget");
  EXPECT_EQ(four.value, "4 of 96: cgroup quota 4");
  EXPECT_EQ(four.status, FindingStatus::kWarn);
  EXPECT_EQ(four.data, 4);
  EXPECT_EQ(finding_of("pod-limited-by-parent", "cpu.budget").value, "1 of 48: cgroup quota 1.5");
  EXPECT_EQ(finding_of("container-cgroup1", "cpu.budget").value, "2 of 64: cgroup quota 2.5");
  EXPECT_EQ(finding_of("dev-vm", "cpu.budget").status, FindingStatus::kOk);
}

TEST(Diagnose, NamesTheLimitThatDecidesWhatFits) {
  const Finding container = finding_of("container-cgroup2", "memory.available");
  EXPECT_EQ(container.value, "14.0 GB (cgroup / memory.max)");
  EXPECT_EQ(container.status, FindingStatus::kWarn);
  EXPECT_EQ(finding_of("container-cgroup2", "memory.limit").value,
            "17.2 GB, 3.2 GB of it in use (page cache not counted)");
  EXPECT_EQ(finding_of("dev-vm", "memory.limit").status, FindingStatus::kAbsent);
  EXPECT_EQ(finding_of("desktop-amd-gpu", "memory.available").source, "RLIMIT_AS");
}

TEST(Diagnose, SeesInstructionsThatTheSystemWithholds) {
  const Finding masked = finding_of("vm-avx512-masked", "cpu.features");
  EXPECT_EQ(masked.status, FindingStatus::kWarn);
  EXPECT_THAT(masked.consequence, HasSubstr("AVX-512"));
  EXPECT_EQ(finding_of("laptop-avx2", "cpu.features").status, FindingStatus::kOk);
  EXPECT_THAT(finding_of("server-arm", "cpu.features").consequence, HasSubstr("scalar"));
}

}  // namespace
}  // namespace nety::diag
