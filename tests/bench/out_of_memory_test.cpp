// The kernel's own out-of-memory killer ends a worker in the middle of a run.
#include <gtest/gtest.h>

#include <cstdlib>

#include "bench/run.h"
#include "core/results/json.h"
#include "tests/bench/runs.h"
#include "tests/machine/control_group.h"
#include "tests/schema.h"

namespace nety::bench {
namespace {

using results::Result;
using results::Status;

TEST(OutOfMemoryKill, LeavesTheOtherRowsAndAValidFile) {
  const machine::ControlGroup group("memory");
  if (!group.made()) GTEST_SKIP() << "not run: no control group can be made here";
  if (!group.limit_memory(uint64_t{64} << 20))
    GTEST_SKIP() << "not run: no memory limit can be set here";
  if (!group.ask([] { return std::string("in"); }))
    GTEST_SKIP() << "not run: no process can be put into a control group here";
  ::setenv("NETY_TEST_CONTROL_GROUP", group.door().c_str(), 1);
  BenchRequest request;
  request.model = "fake.gguf";
  request.modes = {"fp32", "outgrow", "bf16"};
  request.prompts = {16};
  request.gens = {8};
  request.repetitions = 2;
  Observer observer;
  const results::File file = run(request, test_machine(), observer);
  EXPECT_EQ(results::problems_of(results::to_json(file)), std::vector<std::string>{});
  ASSERT_EQ(file.results.size(), 12U);
  for (const Result& row : file.results) {
    if (row.mode != "outgrow") {
      EXPECT_EQ(row.status, Status::kOk) << row.mode << " " << row.phase << ": " << row.reason;
    } else if (row.phase == "decode") {
      EXPECT_EQ(row.status, Status::kCrashed);
      EXPECT_EQ(row.reason, "killed by the kernel: out of memory");
    }
    if (row.mode == "bf16" && row.phase == "decode") {
      EXPECT_EQ(row.metrics.at("tg_tps").n, 2);
    }
  }
}

}  // namespace
}  // namespace nety::bench
