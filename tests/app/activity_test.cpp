// The line that says what a long command does: its times are never cut.
#include "app/activity.h"

#include <gtest/gtest.h>

#include "core/base/plain_text.h"

namespace nety::app {
namespace {

const Activity kMeasuring{"torch-fast nf4: measure", 72, 270};

TEST(ActivityLine, SaysWhatAndHowLong) {
  EXPECT_EQ(activity_line(kMeasuring, 79, Language::kEnglish),
            "1:12 of about 4:30  torch-fast nf4: measure");
  EXPECT_EQ(activity_line(kMeasuring, 79, Language::kFrench),
            "1:12 sur 4:30 environ  torch-fast nf4: measure");
  EXPECT_EQ(activity_line({"fp32 native: load", 3.4, {}}, 79, Language::kEnglish),
            "0:03  fp32 native: load");
  EXPECT_EQ(activity_line({"x", 3661, 7322}, 79, Language::kEnglish),
            "1:01:01 of about 2:02:02  x");
}

TEST(ActivityLine, IsCutBehindItsTimes) {
  EXPECT_EQ(activity_line(kMeasuring, 39, Language::kEnglish),
            "1:12 of about 4:30  torch-fast nf4: mea");
  for (const size_t columns : {5U, 19U, 39U, 79U}) {
    const Activity accents{"modèle à évaluer : qualité, été, où", 1, 2};
    const std::string line = activity_line(accents, columns, Language::kFrench);
    EXPECT_LE(width_of(line), columns);
    EXPECT_EQ(line.find("\xef\xbf\xbd"), std::string::npos) << "half a character: " << line;
  }
}

TEST(ActivityLine, NeverEndsBeforeNow) {
  EXPECT_EQ(activity_line({"x", 65, 60}, 79, Language::kEnglish), "1:05 of about 1:05  x");
}

TEST(ActivityLine, LetsNothingReachTheTerminal) {
  EXPECT_EQ(activity_line({"a\x1b[2J\nb", 0, {}}, 79, Language::kEnglish),
            "0:00  a\xef\xbf\xbd[2J b");
}

}  // namespace
}  // namespace nety::app
