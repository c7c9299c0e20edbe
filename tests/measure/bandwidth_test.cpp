#include "core/measure/bandwidth.h"

#include <gtest/gtest.h>

namespace nety::measure {
namespace {

constexpr uint64_t kBytes = uint64_t{32} << 20;

TEST(BandwidthProbe, MeasuresWithinReason) {
  BandwidthProbe probe(2, kBytes);
  const double rate = probe.best(kBytes, 5);
  EXPECT_GT(rate, 1e8);   // any machine of this century, sanitizers included
  EXPECT_LT(rate, 1e13);  // and no optimised-away loop
}

TEST(BandwidthProbe, TakesMoreTimeForMoreBytes) {
  BandwidthProbe probe(1, kBytes);
  const auto seconds = [&probe](uint64_t bytes) {
    return static_cast<double>(bytes) / probe.best(bytes, 5);
  };
  EXPECT_GT(seconds(kBytes), 2 * seconds(kBytes / 16));
}

TEST(BandwidthProbe, ClampsWhatItReads) {
  BandwidthProbe probe(3, 1);  // less than a page: one page
  EXPECT_EQ(probe.largest_bytes(), 4096U);
  EXPECT_GT(probe.pass(uint64_t{1} << 40), 0);
  EXPECT_GT(probe.pass(0), 0);
}

}  // namespace
}  // namespace nety::measure
