// The user's Python stack, with fake packages that fail as the real ones were seen to.
#include "diag/stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "diag/bitsandbytes_library.h"
#include "diag/stack_words.h"
#include "tests/measure/stub_python.h"

namespace nety::diag {
namespace {

using results::Finding;
using results::FindingStatus;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<Finding> diagnose(const StubPython& python, bool facts_only = false,
                              Language language = Language::kEnglish) {
  StackRequest request;
  request.pythons = {python.folder().string()};
  request.facts_only = facts_only;
  return diagnose_stack(machine::host(), request, language);
}

const Finding& find(const std::vector<Finding>& findings, const std::string& id) {
  for (const Finding& finding : findings)
    if (finding.id == id) return finding;
  ADD_FAILURE() << "no finding " << id;
  static const Finding kNone;
  return kNone;
}

TEST(Stack, WithoutPackagesIsANormalResult) {
  const StubPython bare(StubPython::kBare);
  const auto findings = diagnose(bare);
  EXPECT_EQ(find(findings, "stack.python").status, FindingStatus::kOk);
  const Finding& packages = find(findings, "stack.packages");
  EXPECT_EQ(packages.status, FindingStatus::kAbsent);
  EXPECT_EQ(packages.value, "not installed");
  EXPECT_THAT(packages.consequence, HasSubstr("fine"));
  EXPECT_THAT(packages.remedy, HasSubstr("./nety setup --python-stack"));
  for (const Finding& finding : findings) EXPECT_NE(finding.status, FindingStatus::kFail);
}

TEST(Stack, ThatWorksPassesEveryCheck) {
  const StubPython python;
  const auto findings = diagnose(python);
  EXPECT_THAT(
      find(findings, "stack.packages").value,
      AllOf(HasSubstr("torch 2.11.0+stub (CUDA 13.0, AVX512)"), HasSubstr("bitsandbytes 0.50.2")));
  for (const Finding& finding : findings)
    if (finding.id != "stack.library" && !finding.id.starts_with("stack.report")) {
      EXPECT_EQ(finding.status, FindingStatus::kOk) << finding.id << ": " << finding.value;
    }
  EXPECT_THAT(find(findings, "stack.int8_offload").source, HasSubstr("transformers 5.23.0"));
  // The stub's library is an empty file.
  EXPECT_EQ(find(findings, "stack.library").status, FindingStatus::kWarn);
}

TEST(Stack, OnlyVersionsAreAskedForInAHurry) {
  const StubPython python(StubPython::kWhole, "STUB_FAILURE=load");
  const auto findings = diagnose(python, true);
  const Finding& left_out = find(findings, "stack.tests");
  EXPECT_EQ(left_out.status, FindingStatus::kUnknown) << "this Python was asked for";
  EXPECT_THAT(left_out.value, HasSubstr("--quick"));
  EXPECT_THAT(left_out.remedy, HasSubstr("--quick"));
  for (const Finding& finding : findings)
    if (finding.id != "stack.tests") {
      EXPECT_EQ(finding.status, FindingStatus::kOk) << finding.id;
    }
  EXPECT_LE(findings.size(), 4U);
}

struct Form {
  const char* failure;
  const char* words;
  const char* step;
};
class StoryCrash : public testing::TestWithParam<Form> {};

TEST_P(StoryCrash, IsNamedWithItsCauseAndTheBytesThatWereMissing) {
  const StubPython python(StubPython::kWhole, std::string("STUB_FAILURE=") + GetParam().failure);
  const auto findings = diagnose(python);
  const Finding& crash = find(findings, "stack.int8_offload");
  EXPECT_EQ(crash.status, FindingStatus::kFail);
  EXPECT_THAT(crash.value, AllOf(HasSubstr(GetParam().words), HasSubstr(GetParam().step)));
  EXPECT_THAT(crash.consequence, AllOf(HasSubstr("85 kB too little (427 kB needed, 342 kB given)"),
                                       HasSubstr("memory and offloading are the cause")));
  EXPECT_EQ(crash.data, 85453);
  EXPECT_THAT(crash.remedy, AllOf(HasSubstr("device_map=\"cpu\""), HasSubstr("nety fit")));
  EXPECT_EQ(find(findings, "stack.int8").status, FindingStatus::kOk);
  const auto french = diagnose(python, false, Language::kFrench);
  EXPECT_THAT(find(french, "stack.int8_offload").consequence,
              HasSubstr("la cause est la mémoire et le déchargement"));
}

INSTANTIATE_TEST_SUITE_P(, StoryCrash,
                         testing::Values(Form{"story", "'Int8Params' object has no attribute 'SCB'",
                                              "load"},
                                         Form{"today", "Found no NVIDIA driver", "forward"}),
                         [](const auto& form) { return std::string(form.param.failure); });

TEST(Stack, DoesNotBlameMemoryWhereTheCallFailsAnyway) {
  const std::vector<StackCheck> checks = {
      {"int8", "failed", "load", "ValueError: no", "a.py:1 f", {}},
      {"int8_offload", "failed", "load", "ValueError: no", "a.py:1 f", {{"missing_bytes", 1000}}}};
  const auto findings = judge({}, checks, Language::kEnglish);
  EXPECT_THAT(find(findings, "stack.int8_offload").consequence,
              HasSubstr("memory is not the only cause"));
}

TEST(Stack, NamesWhatFourBitModelsSilentlyGetWrong) {
  const StubPython python(StubPython::kWhole, "STUB_FAILURE=uneven");
  const auto findings = diagnose(python);
  const Finding& uneven = find(findings, "stack.nf4_dequantise_uneven");
  EXPECT_EQ(uneven.status, FindingStatus::kFail);
  EXPECT_THAT(uneven.value, HasSubstr("[64, 96]"));
  EXPECT_GT(*uneven.data, 0.01);
  const Finding& forward = find(findings, "stack.nf4_forward_uneven");
  EXPECT_EQ(forward.status, FindingStatus::kWarn);
  EXPECT_THAT(forward.value, HasSubstr("SIGABRT"));
  EXPECT_THAT(find(findings, "stack.nf4_forward_narrow").value,
              HasSubstr("N must be divisible by block_n"));
  const Finding& saved = find(findings, "stack.nf4_save");
  EXPECT_EQ(saved.status, FindingStatus::kFail);
  EXPECT_THAT(saved.value, HasSubstr("1 of 1 layers"));
  EXPECT_THAT(saved.remedy, HasSubstr("before the first forward"));
  EXPECT_EQ(find(findings, "stack.nf4_forward").status, FindingStatus::kOk);
}

TEST(Stack, ThatCannotBeImportedIsOneFinding) {
  const auto findings =
      judge({}, {{"import", "failed", "", "ImportError: libfoo.so.1", "", {}}}, Language::kEnglish);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].id, "stack.import");
  EXPECT_EQ(findings[0].status, FindingStatus::kFail);
  EXPECT_THAT(findings[0].value, HasSubstr("libfoo.so.1"));
}

/// Verdicts by name: "present", "dormant", "absent", "undecided".
std::map<std::string, std::string> verdicts(const std::vector<Finding>& findings) {
  std::map<std::string, std::string> verdicts;
  for (const Finding& finding : findings) {
    constexpr std::string_view kPrefix = "stack.report.";
    if (!finding.id.starts_with(kPrefix)) continue;
    std::string& verdict = verdicts[finding.id.substr(kPrefix.size())];
    if (finding.status == FindingStatus::kWarn) verdict = "present";
    if (finding.status == FindingStatus::kOk) verdict = "dormant";
    if (finding.status == FindingStatus::kAbsent) verdict = "absent";
    if (finding.status == FindingStatus::kUnknown) verdict = "undecided";
  }
  return verdicts;
}

std::vector<StackCheck> recorded(const std::string& version) {
  std::ifstream file(test_data() + "/python_stack_runs/bitsandbytes-" + version + ".jsonl");
  std::vector<StackCheck> checks;
  for (std::string line; std::getline(file, line);)
    if (auto check = parse_stack_check(line)) checks.push_back(std::move(*check));
  return checks;
}

// Before it had code of its own for CPUs.
TEST(StackReports, OfAVersionBeforeTheFaultsAreAbsent) {
  const std::map<std::string, std::string> expected = {
      {"packing_to", "absent"}, {"no_avx512_path", "present"}, {"avx512_everywhere", "undecided"},
      {"columns_96", "absent"}, {"rows_32", "absent"},         {"save_after_forward", "absent"}};
  EXPECT_EQ(verdicts(judge({}, recorded("0.48.2"), Language::kEnglish)), expected);
}

class RecordedRun : public testing::TestWithParam<const char*> {};

// What two versions really said on a CPU with AVX512_BF16.
TEST_P(RecordedRun, SaysWhichReportedFaultsTheVersionHas) {
  const std::map<std::string, std::string> expected = {
      {"packing_to", "present"}, {"no_avx512_path", "dormant"}, {"avx512_everywhere", "undecided"},
      {"columns_96", "present"}, {"rows_32", "present"},        {"save_after_forward", "present"}};
  const auto findings = judge({}, recorded(GetParam()), Language::kEnglish);
  EXPECT_EQ(verdicts(findings), expected);
  const Finding& all = find(findings, "stack.reports");
  EXPECT_EQ(all.status, FindingStatus::kWarn);
  EXPECT_EQ(all.data, 4);
  EXPECT_THAT(all.value,
              AllOf(HasSubstr("present: CPU packing is not undone by .to() (bitsandbytes#2078)"),
                    HasSubstr("cannot be told here: AVX-512 instructions")));
  EXPECT_THAT(find(findings, "stack.report.avx512_everywhere").value,
              HasSubstr("this CPU has AVX-512"));
  EXPECT_THAT(find(findings, "stack.report.no_avx512_path").value,
              HasSubstr("not on this CPU: this CPU has AVX-512; a width that 16 does not divide"));
  const Finding& moved = find(findings, "stack.nf4_move");
  EXPECT_EQ(moved.status, FindingStatus::kFail) << "wrong without a word";
  EXPECT_THAT(moved.remedy, HasSubstr("before its first forward"));
  const auto french = judge({}, recorded(GetParam()), Language::kFrench);
  EXPECT_THAT(find(french, "stack.reports").value,
              AllOf(HasSubstr("présent"), HasSubstr("ne peut être établi ici")));
}

INSTANTIATE_TEST_SUITE_P(, RecordedRun, testing::Values("0.49.1", "0.50.2"),
                         [](const auto& version) {
                           std::string name = version.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(StackReports, AreProvokedWhereThisCpuDoesNotTakeThePath) {
  const StubPython python(StubPython::kWhole, "STUB_FAILURE=older_cpu");
  const auto findings = diagnose(python);
  const auto found = verdicts(findings);
  EXPECT_EQ(found.at("packing_to"), "dormant");
  EXPECT_EQ(found.at("rows_32"), "dormant");
  EXPECT_EQ(found.at("columns_96"), "dormant");
  EXPECT_EQ(found.at("save_after_forward"), "dormant");
  EXPECT_EQ(found.at("avx512_everywhere"), "absent");
  EXPECT_EQ(found.at("no_avx512_path"), "present");
  const Finding& slow = find(findings, "stack.nf4_without_avx512");
  EXPECT_EQ(slow.status, FindingStatus::kWarn);
  EXPECT_THAT(slow.value, HasSubstr("times what torch takes"));
  EXPECT_THAT(find(findings, "stack.report.packing_to").value,
              HasSubstr("the packing was called directly"));
  EXPECT_EQ(find(findings, "stack.nf4_save").status, FindingStatus::kOk);
}

TEST(StackReports, OfAVersionThatPacksNothingAreAbsent) {
  const StubPython python;
  const auto findings = diagnose(python);
  const auto found = verdicts(findings);
  for (const char* name : {"packing_to", "rows_32", "columns_96", "save_after_forward"})
    EXPECT_EQ(found.at(name), "absent") << name;
  EXPECT_THAT(find(findings, "stack.report.packing_to").value, HasSubstr("packs no weights"));
}

TEST(StackReports, ArePresentWhereTheStubHasThem) {
  const StubPython python(StubPython::kWhole, "STUB_FAILURE=uneven");
  const auto found = verdicts(diagnose(python));
  for (const char* name : {"packing_to", "rows_32", "columns_96", "save_after_forward"})
    EXPECT_EQ(found.at(name), "present") << name;
}

TEST(StackReports, AreNotBlamedWhereFourBitDoesNotWorkAtAll) {
  const std::vector<StackCheck> checks = {
      {"nf4_forward", "failed", "forward", "NotImplementedError", "", {}},
      {"nf4_forward_narrow", "failed", "forward", "NotImplementedError", "", {}},
      {"nf4_move", "timeout", "", "no answer within 40 s", "", {}}};
  const auto findings = judge({}, checks, Language::kEnglish);
  EXPECT_EQ(verdicts(findings).at("rows_32"), "undecided");
  EXPECT_THAT(find(findings, "stack.report.rows_32").value, HasSubstr("not work here at all"));
  EXPECT_THAT(find(findings, "stack.report.packing_to").value, HasSubstr("did not end"));
  EXPECT_EQ(find(findings, "stack.reports").status, FindingStatus::kUnknown);
}

TEST(StackReports, ACrashIsAFinding) {
  const std::vector<StackCheck> checks = {
      {"nf4_forward", "ok", "", "", "", {}},
      {"blockwise_dequantise", "crashed", "", "the process ended by SIGILL", "", {}}};
  const auto findings = judge({}, checks, Language::kEnglish);
  EXPECT_EQ(verdicts(findings).at("avx512_everywhere"), "present");
  EXPECT_THAT(find(findings, "stack.blockwise_dequantise").value, HasSubstr("SIGILL"));
}

TEST(Stack, SaysWhatAModelWouldMeetInTheEightBitCall) {
  const Finding fits =
      judge_eight_bit_call(7'000'000'000, 10'000'000'000, "m", "int8", Language::kEnglish);
  EXPECT_EQ(fits.status, FindingStatus::kOk);
  const Finding is_short =
      judge_eight_bit_call(7'500'000'000, 8'000'000'000, "m", "nf4, int8", Language::kEnglish);
  EXPECT_EQ(is_short.status, FindingStatus::kWarn);
  EXPECT_THAT(is_short.value, HasSubstr("300 MB missing"));
  EXPECT_THAT(is_short.consequence, AllOf(HasSubstr("offload"), HasSubstr("nf4, int8")));
}

Finding library(const std::string& name) {
  const std::string path = build_directory() + "/bitsandbytes/libbitsandbytes_" + name + ".so";
  const StackWords words{Language::kEnglish};
  return judge_library(words.finding("stack.library", message::diag_stack_library, path),
                       ask_bitsandbytes_library(path, 30), words);
}

TEST(BitsandbytesLibrary, IsComparedWithOurReference) {
  const Finding right = library("right");
  EXPECT_EQ(right.status, FindingStatus::kOk) << right.value;
  EXPECT_EQ(right.value, "7 results equal to ours");
  EXPECT_EQ(library("lacking").value, "4 results equal to ours");
}

TEST(BitsandbytesLibrary, ThatTakesScalesOfTheWrongBlockIsNamed) {
  const Finding wrong = library("wrong");
  EXPECT_EQ(wrong.status, FindingStatus::kFail);
  EXPECT_THAT(wrong.value,
              AllOf(HasSubstr("2 of 7"), HasSubstr("cdequantize_blockwise_cpu_nf4_fp32 [8, 96]"),
                    HasSubstr("cdequantize_blockwise_cpu_fp4_fp32 [8, 96]")));
  EXPECT_GT(*wrong.data, 0.1);
}

TEST(BitsandbytesLibrary, ThatCrashesOrIsNoneLeavesAFinding) {
  EXPECT_THAT(library("crashing").value, HasSubstr("SIGABRT"));
  EXPECT_EQ(library("absent").status, FindingStatus::kWarn);
}

}  // namespace
}  // namespace nety::diag
