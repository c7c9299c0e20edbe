#include "core/measure/memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace nety::measure {
namespace {

TEST(MemoryUse, ReadsTheFieldsOfStatus) {
  const MemoryUse use = parse_memory_use(
      "Name:\tVmRSS: 7 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\nRssAnon:\t 512 kB\n"
      "RssFile:\t 500 kB\nRssShmem:\t 12 kB\n");
  EXPECT_EQ(use.peak_rss_bytes, 2048U * 1024);
  EXPECT_EQ(use.rss_bytes, 1024U * 1024);
  EXPECT_EQ(use.anonymous_bytes, 512U * 1024);
  EXPECT_EQ(use.file_bytes, 500U * 1024);
  EXPECT_EQ(use.shared_bytes, 12U * 1024);
}

TEST(MemoryUse, IsAbsentWhereTheKernelIsSilent) {
  const MemoryUse use = parse_memory_use("Name:\tx\nVmRSS:\nRssAnon:\tmany kB\n");
  EXPECT_FALSE(use.rss_bytes);
  EXPECT_FALSE(use.anonymous_bytes);
  EXPECT_FALSE(use.peak_rss_bytes);
  EXPECT_FALSE(parse_memory_use("").rss_bytes);
}

TEST(MemoryPeaks, RememberWhatIsGone) {
  MemoryPeaks peaks;
  peaks.note();
  const uint64_t before = peaks.peaks().anonymous_bytes.value_or(0);
  constexpr size_t kBytes = size_t{64} << 20;
  peaks.start();
  {
    std::vector<char> block(kBytes);
    volatile char* touched = block.data();  // or the compiler may do without the block
    for (size_t i = 0; i < kBytes; i += 4096) touched[i] = 1;
    peaks.note();
  }
  peaks.stop();
  EXPECT_GE(peaks.peaks().anonymous_bytes.value_or(0), before + kBytes * 9 / 10);
  EXPECT_GE(peaks.peaks().peak_rss_bytes.value_or(0), kBytes);
}

TEST(MemoryPeaks, MayBeStartedAndStoppedTwice) {
  MemoryPeaks peaks;
  peaks.stop();
  peaks.start();
  peaks.start();
  peaks.stop();
  peaks.start();
  const uint64_t before = memory_use().rss_bytes.value_or(0);
  peaks.stop();
  EXPECT_GT(peaks.peaks().peak_rss_bytes.value_or(0), before / 2);
}

}  // namespace
}  // namespace nety::measure
