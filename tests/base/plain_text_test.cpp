#include "core/base/plain_text.h"

#include <gtest/gtest.h>

namespace nety {
namespace {

TEST(Columns, CountCharactersAndNotBytes) {
  EXPECT_EQ(width_of("é≈x"), 3U);
  EXPECT_EQ(width_of("Périphérique"), 12U);
  EXPECT_EQ(padded("é", 3), "é  ");
  EXPECT_EQ(padded("é", 3, true), "  é");
  EXPECT_EQ(padded("long", 2), "long");
}

}  // namespace
}  // namespace nety
