// Box plots, with a tick for each sample.
#include <fmt/core.h>

#include <algorithm>

#include "reports/escape.h"
#include "reports/svg.h"

namespace nety::reports {
namespace {

constexpr double kTop = 6, kRow = 34, kBox = 14, kLabelLine = 20, kAxis = 26, kLabelRoom = 172;
constexpr double kTextRoom = 150;
constexpr size_t kMostTicks = 200;  // more would be one grey line

/// Linear interpolation between order statistics (type 7).
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::string draw(const SpreadChart& chart, const Drawing& drawing, const Wording& words) {
  const double left = drawing.labels_above ? 4 : kLabelRoom;
  const double row_height = drawing.labels_above ? kRow + kLabelLine : kRow;
  const double bottom = kTop + row_height * static_cast<double>(chart.rows.size());
  double reach = 0;
  for (const SpreadChart::Row& row : chart.rows) reach = std::max(reach, row.samples.back());
  const double scale =
      (drawing.width - left - (drawing.labels_above ? 16 : kTextRoom)) / (reach > 0 ? reach : 1);
  const auto x = [&](double value) { return left + scale * value; };
  std::string out = svg_begin(chart.id + "-" + drawing.suffix, chart.title, chart.description,
                              drawing.width, bottom + kAxis);
  const double step = tick_step(reach > 0 ? reach : 1);
  for (double tick = 0; tick <= reach * 1.0001; tick += step)
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"2\" y2=\"{1:.1f}\"/><text "
        "class=\"axis\" x=\"{0:.1f}\" y=\"{2:.1f}\" text-anchor=\"{3}\">{4}</text>",
        x(tick), bottom, bottom + 16, tick == 0 ? "start" : "middle", tick_text(tick, words));
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const SpreadChart::Row& row = chart.rows[i];
    const double top = kTop + row_height * static_cast<double>(i);
    const double y = drawing.labels_above ? top + kLabelLine : top + 6;
    const double middle = y + kBox / 2;
    if (drawing.labels_above)
      out += svg_label(left, top + kLabelLine - 5, "start", row.label,
                       row.sublabel + " \u00b7 " + row.text);
    else
      out += svg_label(left - 10, middle + 4.5, "end", row.label, row.sublabel);
    const double q1 = quantile(row.samples, 0.25), q3 = quantile(row.samples, 0.75);
    out += fmt::format("<path class=\"ci thin\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>",
                       x(row.samples.front()), middle, x(row.samples.back()));
    out += fmt::format(
        "<rect class=\"box{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.0f}\"/>",
        row.other ? " other" : "", x(q1), y, std::max(scale * (q3 - q1), 1.0), kBox);
    std::string ticks;
    const size_t every = row.samples.size() / kMostTicks + 1;
    for (size_t s = 0; s < row.samples.size(); s += every)
      ticks += fmt::format("M{:.1f} {:.1f}v5", x(row.samples[s]), y + kBox + 2);
    out += fmt::format("<path class=\"ticks\" d=\"{}\"/>", ticks);
    const double median = quantile(row.samples, 0.5);
    out += fmt::format(
        "<line class=\"median\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" "
        "y2=\"{2:.1f}\"/>",
        x(median), y - 2, y + kBox + 2);
    if (!drawing.labels_above)
      out += fmt::format("<text class=\"val\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                         x(row.samples.back()) + 10, middle + 4.5, escape_html(row.text));
  }
  return out + "</svg>\n";
}

}  // namespace nety::reports
