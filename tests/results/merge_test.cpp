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

}  // namespace
}  // namespace nety::results
