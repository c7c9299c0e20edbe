#include "core/measure/bandwidth.h"

#include <gtest/gtest.h>

#include <set>

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

TEST(BandwidthProbe, ReadsInEveryPattern) {
  BandwidthProbe probe(2, kBytes);
  std::set<std::string_view> names;
  for (const ReadPattern pattern : read_patterns()) {
    EXPECT_TRUE(names.insert(name_of(pattern)).second);
    EXPECT_GT(probe.best(kBytes, 2, pattern), 1e8) << name_of(pattern);
  }
  EXPECT_EQ(names.size(), 3U);
}

TEST(BandwidthProbe, CountsTheTriadAsStreamDoes) {
  BandwidthProbe probe(2, kBytes);
  const double rate = probe.triad(kBytes, 3);
  EXPECT_GT(rate, 1e7);
  EXPECT_LT(rate, 1e13);
  EXPECT_EQ(probe.triad(16, 1), 0);  // no room for three lines
  EXPECT_GT(probe.best(kBytes, 1), 0) << "still readable";
}

TEST(BandwidthProbe, ClampsWhatItReads) {
  BandwidthProbe probe(3, 1);  // less than a page: one page
  EXPECT_EQ(probe.largest_bytes(), 4096U);
  EXPECT_GT(probe.pass(uint64_t{1} << 40), 0);
  EXPECT_GT(probe.pass(0), 0);
}

}  // namespace
}  // namespace nety::measure
