// Charts as inline SVG, styled by the page's classes: it is dark where the page is.
#pragma once

#include <string>

#include "reports/document.h"
#include "reports/wording.h"

namespace nety::reports {

/// How wide a drawing is, in its own units, which are about pixels. A phone gets a drawing of its
/// own: text in a shrunk one could not be read.
struct Drawing {
  double width;
  bool labels_above;   ///< Labels on their own line above each bar, not left of it.
  const char* suffix;  ///< Makes ids unique where a page has both.
};
inline constexpr Drawing kWide{1080, false, "w"};
inline constexpr Drawing kNarrow{340, true, "n"};

/// One <svg> element with a title and a description.
std::string draw(const BarChart& chart, const Drawing& drawing, const Wording& words);
std::string draw(const PointChart& chart, const Drawing& drawing, const Wording& words);
std::string draw(const LineChart& chart, const Drawing& drawing, const Wording& words);
std::string draw(const SpreadChart& chart, const Drawing& drawing, const Wording& words);

/// The beginning of the element, and a round step that cuts [0, largest] into about five.
std::string svg_begin(const std::string& id, const std::string& title,
                      const std::string& description, double width, double height);
double tick_step(double largest);
/// A tick's label: "0.5", "200", "1.0e-6".
std::string tick_text(double value, const Wording& words);
/// "fp32 native" at a point, the second word dimmer.
std::string svg_label(double x, double y, const char* anchor, const std::string& label,
                      const std::string& sublabel);

}  // namespace nety::reports
