#include "core/measure/fma.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "tests/paths.h"

namespace nety::measure {
namespace {

TEST(FmaLoops, HaveNamesOfTheirOwnAndAFamily) {
  std::set<std::tuple<FmaType, std::string_view>> names;
  for (const FmaLoop& loop : fma_loops()) {
    EXPECT_TRUE(names.insert({loop.type, loop.name}).second) << loop.name;
    EXPECT_TRUE(loop.family == "scalar" || loop.family == "avx2" || loop.family == "avx512");
    EXPECT_GT(loop.operations, 0);
  }
}

TEST(FmaLoops, AreUsableWhereTheProcessorAndTheFamilyAllow) {
  const auto names = [](const std::string& name, std::string_view isa) {
    const auto machine = machine::captured(test_data() + "/machines/" + name);
    std::set<std::string> out;
    for (const FmaLoop& loop : fma_loops())
      if (usable(loop, *machine, isa))
        out.insert(std::string(name_of(loop.type)) + " " + std::string(loop.name));
    return out;
  };
  using Names = std::set<std::string>;
  if (fma_loops().size() == 1) GTEST_SKIP() << "not an x86-64 build";
  EXPECT_EQ(names("dev-vm", ""), (Names{"fp32 portable", "fp32 avx2", "fp32 avx512",
                                        "bf16 avx512_bf16", "int8 avx2", "int8 avx512_vnni"}));
  EXPECT_EQ(names("dev-vm", "avx2"), (Names{"fp32 portable", "fp32 avx2", "int8 avx2"}));
  EXPECT_EQ(names("laptop-avx2", ""), names("dev-vm", "avx2"));
  EXPECT_EQ(names("dev-vm", "scalar"), Names{"fp32 portable"});
  EXPECT_EQ(names("server-arm", ""), Names{"fp32 portable"});
}

TEST(FmaProbe, RunsEveryLoopThatThisProcessorHas) {
  FmaProbe probe(2);
  int run = 0;
  for (const FmaLoop& loop : fma_loops()) {
    if (!usable(loop, machine::host())) continue;
    ++run;
    const double rate = probe.pass(loop, 0.002);
    EXPECT_GT(rate, 1e6) << loop.name;   // any machine of this century, sanitizers included
    EXPECT_LT(rate, 1e15) << loop.name;  // and no loop that was optimised away
  }
  EXPECT_GE(run, 1) << "the portable one runs everywhere";
}

TEST(FmaProbe, SaysThatNothingMultipliesATypeHere) {
  FmaProbe probe(1);
  const auto arm = machine::captured(test_data() + "/machines/server-arm");
  EXPECT_FALSE(probe.peak(FmaType::kBf16, *arm));
  const auto fp32 = probe.peak(FmaType::kFp32, machine::host(), "scalar", 1, 0.001);
  ASSERT_TRUE(fp32);
  EXPECT_EQ(fp32->loop, "portable");
  EXPECT_EQ(fp32->threads, 1);
}

TEST(ClockRate, IsThatOfAProcessorOfOurTime) {
  const auto clock = clock_hz();
  if (!clock) GTEST_SKIP() << "cannot be told here";
  EXPECT_GT(*clock, 1e7);  // emulated and shared processors included
  EXPECT_LT(*clock, 1e10);
}

}  // namespace
}  // namespace nety::measure
