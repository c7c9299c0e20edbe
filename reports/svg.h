// Charts as inline SVG, styled by the page's classes: it is dark where the page is.
#pragma once

#include <string>

#include "reports/document.h"
#include "reports/wording.h"

namespace nety::reports {

/// How wide a drawing is, in its own units, which are about pixels: text stays readable because a
/// phone gets a drawing of its own and not a shrunk one.
struct Drawing {
  double width;
  bool labels_above;   ///< Labels on their own line above each bar, not left of it.
  const char* suffix;  ///< Makes ids unique where a page has both.
};
inline constexpr Drawing kWide{1080, false, "w"};
inline constexpr Drawing kNarrow{340, true, "n"};

/// One <svg> element with a title and a description.
std::string draw(const BarChart& chart, const Drawing& drawing, const Wording& words);

}  // namespace nety::reports
