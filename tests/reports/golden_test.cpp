// Two reports whole, to the byte: what no other test looks at (styles, drawings' coordinates, blank
// lines) does not change unseen. To accept new output: NETY_UPDATE_GOLDEN=1 test_reports
// --gtest_filter=GoldenReports.*, and read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/files.h"
#include "fixtures.h"
#include "reports/render.h"
#include "tests/paths.h"

namespace nety::reports {
namespace {

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = test_data() + "/reports/" + name;
  if (std::getenv("NETY_UPDATE_GOLDEN") != nullptr) {
    write_file(path, text);
    GTEST_SKIP() << "not compared: " << name << " is written";
  }
  const std::string expected = read_file(path);
  if (expected == text) return;
  const auto difference = std::mismatch(expected.begin(), expected.end(), text.begin(), text.end());
  const auto at = difference.first - expected.begin();
  const auto from = static_cast<size_t>(std::max<std::ptrdiff_t>(at - 60, 0));
  ADD_FAILURE() << name << " differs at byte " << at << "\nexpected: " << expected.substr(from, 160)
                << "\nactual:   " << text.substr(from, 160);
}

TEST(GoldenReports, ASmallOneInMarkdown) {
  expect_golden("failing.md", render_markdown(failing_file(), {}));
}

TEST(GoldenReports, ARichPage) { expect_golden("complete.html", render_html(complete_file(), {})); }

}  // namespace
}  // namespace nety::reports
