#include "reports/wording.h"

#include <gtest/gtest.h>

namespace nety::reports {
namespace {

const Wording kEnglish(Language::kEnglish), kFrench(Language::kFrench);

TEST(Wording, WritesNumbersInTheReadersLanguage) {
  EXPECT_EQ(kEnglish.number(78.94), "78.9");
  EXPECT_EQ(kFrench.number(78.94), "78,9");
  EXPECT_EQ(kEnglish.number(0.00125), "0.00125");
  EXPECT_EQ(kEnglish.number(2e-5), "2.0e-5");
  EXPECT_EQ(kFrench.number(2e-5), "2,0e-5");
  EXPECT_EQ(kEnglish.number(0), "0");
  EXPECT_EQ(kEnglish.count(1234567), "1,234,567");
  EXPECT_EQ(kEnglish.count(-1234), "-1,234");
  EXPECT_EQ(kEnglish.count(123), "123");
  EXPECT_EQ(kFrench.count(1234567), "1\u00a0234\u00a0567");
}

TEST(Wording, WritesUnits) {
  EXPECT_EQ(kEnglish.bytes(29e9), "29.0 GB");
  EXPECT_EQ(kFrench.bytes(29e9), "29,0 Go");
  EXPECT_EQ(kFrench.bytes(7), "7 o");
  EXPECT_EQ(kEnglish.percent(0.976), "97.6 %");
  EXPECT_EQ(kEnglish.percent(1), "100 %");
  EXPECT_EQ(kEnglish.quantity(49.1e9, "bytes/s"), "49.1 GB/s");
  EXPECT_EQ(kFrench.quantity(0.042, "s"), "0,042 s");
  EXPECT_EQ(kEnglish.quantity(79.1, "tok/s"), "79.1 tok/s");
  EXPECT_EQ(kEnglish.times(1.987), "1.99\u00d7");
}

TEST(Wording, MarksEstimatesAndShowsIntervals) {
  results::Metric rate = results::summarise("tok/s", {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(kEnglish.metric(rate), "3.50 tok/s [1.00, 6.00]");
  EXPECT_EQ(kEnglish.metric(results::estimated("bytes", 29e9, {"x"})), "\u2248 29.0 GB");
  EXPECT_EQ(kEnglish.metric(results::Metric{}), "-");
}

}  // namespace
}  // namespace nety::reports
