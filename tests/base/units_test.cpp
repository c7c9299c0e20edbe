// Numbers as people read them.
#include "core/base/units.h"

#include <gtest/gtest.h>

#include <cmath>

namespace nety {
namespace {

TEST(Units, GiveBytesInDecimalMultiples) {
  EXPECT_EQ(format_bytes(7), "7 B");
  EXPECT_EQ(format_bytes(1000), "1 kB");
  EXPECT_EQ(format_bytes(538'000'000), "538 MB");
  EXPECT_EQ(format_bytes(999'600'000), "1.0 GB");
  EXPECT_EQ(format_bytes(28'966'928'384), "29.0 GB");
  EXPECT_EQ(format_bytes(140'000'000'000), "140 GB");
}

TEST(Units, GiveThreeSignificantDigits) {
  EXPECT_EQ(format_number(1480.4), "1480");
  EXPECT_EQ(format_number(78.94), "78.9");
  EXPECT_EQ(format_number(0.04123), "0.0412");
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(NAN), "-");
}

TEST(Units, GiveSeconds) {
  EXPECT_EQ(format_seconds(0.0421), "0.042 s");
  EXPECT_EQ(format_seconds(3.14), "3.1 s");
  EXPECT_EQ(format_seconds(125), "2 min 5 s");
}

}  // namespace
}  // namespace nety
