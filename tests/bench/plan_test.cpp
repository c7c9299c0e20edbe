#include "bench/plan.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace nety::bench {
namespace {

using Order = std::vector<size_t>;

TEST(Plan, CrossesBackendsAndModesOnce) {
  BenchRequest request;
  request.modes = {"fp32", "stored", "fp32"};
  request.backends = {"native", "torch"};
  const std::vector<Configuration> all = configurations(request);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[1].mode, "stored");
  EXPECT_EQ(all[2].backend, "torch");
}

TEST(Plan, BackendOfSomeModesStandsForThoseOnly) {
  BenchRequest request;
  request.modes = {"fp32", "int8", "stored", "nf4"};
  request.backends = {"torch", "torch-fast"};
  const std::vector<Configuration> all = configurations(request);
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(all[4].mode, "int8");
  EXPECT_EQ(all[4].backend, "torch-fast");
  EXPECT_EQ(all[5].mode, "nf4");
  request.modes = {"fp32", "stored"};
  request.backends = {"torch-fast"};
  EXPECT_TRUE(configurations(request).empty());
  EXPECT_THROW(check(request), Error);
}

TEST(Plan, AlternatesTheDirectionOfRounds) {
  EXPECT_EQ(order_of_round(3, 0), (Order{0, 1, 2}));
  EXPECT_EQ(order_of_round(3, 1), (Order{2, 1, 0}));
  EXPECT_EQ(order_of_round(3, 2), (Order{0, 1, 2}));
  EXPECT_TRUE(order_of_round(0, 1).empty());
}

TEST(Plan, KeepsWorkersSideBySideWithinTheLimit) {
  EXPECT_TRUE(fits_together(6, 3, 9));
  EXPECT_FALSE(fits_together(6, 3, 8));
  EXPECT_FALSE(fits_together(9, 1, 8));
  EXPECT_FALSE(fits_together(1, UINT64_MAX, 8));
  EXPECT_TRUE(fits_together(0, 20, 8)) << "alone, whatever its size";
}

TEST(Plan, AsksForAContextThatHoldsTheWorkload) {
  BenchRequest request;
  request.prompts = {128, 512};
  request.gens = {64};
  EXPECT_EQ(context_needed(request), 512);
  request.prompts = {512, 128};
  EXPECT_EQ(context_needed(request), 512 + 2) << "warming up: the first prompt and two steps";
  request.depths = {0, 1024};
  EXPECT_EQ(context_needed(request), 1024 + 64);
  request.prompts = {512};
  request.depths = {0};
  EXPECT_GT(context_needed(request), 512 + 64);
  request.quality_text = std::string("some text");
  EXPECT_EQ(context_needed(request), 1024);
  request.run.context = 77;
  EXPECT_EQ(context_needed(request), 77);
}

TEST(Plan, RefusesWhatCannotBeMeasured) {
  BenchRequest good;
  EXPECT_NO_THROW(check(good));
  const auto expect_refused = [](const BenchRequest& request, const char* option) {
    try {
      check(request);
      FAIL() << option;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(std::string(error.what()).find(option), 0U) << error.what();
    }
  };
  BenchRequest bad = good;
  bad.gens = {0};
  expect_refused(bad, "-n");
  bad = good;
  bad.prompts = {512, -1};
  expect_refused(bad, "-p");
  bad = good;
  bad.depths = {-1};
  expect_refused(bad, "-d");
  bad = good;
  bad.repetitions = 0;
  expect_refused(bad, "-r");
  bad = good;
  bad.modes.clear();
  expect_refused(bad, "--modes");
}

}  // namespace
}  // namespace nety::bench
