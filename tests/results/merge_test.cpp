// Files of several machines become one without losing or doubling anything.
#include "core/results/merge.h"

#include <gtest/gtest.h>

namespace nety::results {
namespace {

File one(const std::string& machine, const std::string& model) {
  File file;
  file.machines.emplace_back().id = machine;
  file.models.emplace_back().id = model;
  Result row;
  row.machine = machine;
  row.model = model;
  file.results.push_back(row);
  file.warnings.push_back("from " + machine);
  return file;
}

TEST(Merge, KeepsEveryRowAndEachMachineAndModelOnce) {
  File file = one("a", "m");
  merge(file, one("b", "m"));
  merge(file, one("a", "n"));
  EXPECT_EQ(file.machines.size(), 2U);
  EXPECT_EQ(file.models.size(), 2U);
  EXPECT_EQ(file.results.size(), 3U);
  EXPECT_EQ(file.warnings.size(), 3U);
}

TEST(Merge, KeepsRunsApart) {
  File file = one("a", "m");
  merge(file, one("a", "m"));
  merge(file, one("a", "m"));
  ASSERT_EQ(file.results.size(), 3U);
  EXPECT_EQ(file.results[0].run, 0);
  EXPECT_EQ(file.results[1].run, 1);
  EXPECT_EQ(file.results[2].run, 2);
}

TEST(Merge, SaysWhoseFindingsAndDecisionsAre) {
  const auto probed = [](const std::string& machine, const std::string& mode) {
    File file = one(machine, "m");
    Finding finding;
    finding.id = "cpu.model";
    finding.value = mode;
    file.findings.push_back(finding);
    Decision decision;
    decision.mode = mode;
    file.decision = decision;
    return file;
  };
  File file = probed("a", "fp32");
  merge(file, probed("b", "bf16"));
  merge(file, probed("a", "int8"));
  ASSERT_EQ(file.findings.size(), 2U);
  EXPECT_EQ(file.findings[0].machine, "a");
  EXPECT_EQ(file.findings[0].value, "fp32");
  EXPECT_EQ(file.findings[1].machine, "b");
  EXPECT_EQ(file.decision->mode, "fp32");
  ASSERT_EQ(file.decisions.size(), 1U);
  EXPECT_EQ(file.decisions[0].machine, "b");
  EXPECT_EQ(file.decisions[0].model, "m");
}

}  // namespace
}  // namespace nety::results
