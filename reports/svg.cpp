// What all drawings share, and bar charts. Coordinates are computed here; colours come from the
// page's style sheet.
#include "reports/svg.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "reports/escape.h"

namespace nety::reports {
namespace {

constexpr double kTop = 6, kBarHeight = 18, kRow = 32, kLabelLine = 20, kAxis = 26;
constexpr double kTextRoom = 130;   // right of the longest bar, for its text
constexpr double kLabelRoom = 172;  // left of the bars
constexpr double kLimitReach = 4;   // how much farther than the bars a limit may be

double length_of(const BarChart::Bar& bar) {
  double sum = 0;
  for (const double part : bar.parts) sum += part;
  return sum;
}

/// The largest value drawn.
double reach_of(const BarChart& chart) {
  double reach = 0;
  for (const BarChart::Bar& bar : chart.bars) {
    reach = std::max({reach, length_of(bar), bar.mark.value_or(0)});
    if (bar.interval) reach = std::max(reach, bar.interval->second);
  }
  // The limit is drawn only if the bars stay readable beside it.
  if (chart.limit && *chart.limit <= kLimitReach * reach) reach = std::max(reach, *chart.limit);
  return std::isfinite(reach) && reach > 0 ? reach : 1;
}

class BarDrawing {
 public:
  BarDrawing(const BarChart& chart, const Drawing& drawing, const Wording& words)
      : chart_(chart), drawing_(drawing), words_(words) {
    left_ = drawing.labels_above ? 2 : kLabelRoom;
    row_ = drawing.labels_above ? kRow + kLabelLine : kRow;
    bottom_ = kTop + row_ * static_cast<double>(chart.bars.size());
    const double room = drawing.labels_above ? 120 : kTextRoom;
    reach_ = reach_of(chart);
    scale_ = (drawing.width - left_ - room) / reach_;
  }

  std::string svg() {
    out_ = svg_begin(chart_.id + "-" + drawing_.suffix, chart_.title, chart_.description,
                     drawing_.width, bottom_ + kAxis);
    axis();
    if (chart_.limit && *chart_.limit <= reach_)
      out_ += fmt::format(
          "<line class=\"limit\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"2\" y2=\"{1:.1f}\"/>",
          x(*chart_.limit), bottom_);
    for (size_t i = 0; i < chart_.bars.size(); ++i)
      bar(chart_.bars[i], kTop + row_ * static_cast<double>(i));
    return out_ + "</svg>\n";
  }

 private:
  double x(double value) const { return left_ + scale_ * value; }

  void axis() {
    const double step = tick_step(reach_);
    for (double tick = 0; tick <= reach_ * 1.0001; tick += step) {
      out_ += fmt::format(
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"2\" "
          "y2=\"{1:.1f}\"/>",
          x(tick), bottom_);
      out_ += fmt::format(
          "<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" "
          "text-anchor=\"{}\">{}</text>",
          x(tick), bottom_ + 16, tick == 0 ? "start" : "middle", tick_text(tick, words_));
    }
  }

  void bar(const BarChart::Bar& bar, double top) {
    const double y = drawing_.labels_above ? top + kLabelLine : top + 4;
    const double middle = y + kBarHeight / 2;
    if (drawing_.labels_above)
      out_ += svg_label(left_, top + kLabelLine - 5, "start", bar.label, bar.sublabel);
    else
      out_ += svg_label(left_ - 10, middle + 4.5, "end", bar.label, bar.sublabel);
    parts(bar, y);
    double end = x(length_of(bar));
    if (bar.mark && std::isfinite(*bar.mark)) {
      out_ += fmt::format(
          "<line class=\"wall\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" "
          "y2=\"{2:.1f}\"/>",
          x(*bar.mark), y - 3, y + kBarHeight + 3);
      end = std::max(end, x(*bar.mark));
    }
    if (bar.interval) whiskers(*bar.interval, middle);
    if (bar.interval) end = std::max(end, x(bar.interval->second));
    out_ += fmt::format("<text class=\"val{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                        bar.parts.empty() ? " none" : "", end + 8, middle + 4.5,
                        escape_html(one_line(bar.text)));
  }

  void parts(const BarChart::Bar& bar, double y) {
    double from = 0;
    for (size_t i = 0; i < bar.parts.size(); ++i) {
      const double width = std::max(scale_ * bar.parts[i], bar.parts[i] > 0 ? 1.0 : 0.0);
      out_ += fmt::format(
          "<rect class=\"part{}{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
          "height=\"{:.0f}\"/>",
          i, bar.other ? " other" : "", x(from), y, width, kBarHeight);
      from += bar.parts[i];
    }
  }

  void whiskers(const std::pair<double, double>& interval, double middle) {
    const double low = x(interval.first), high = x(interval.second);
    out_ += fmt::format(
        "<path class=\"ci\" d=\"M{0:.1f} {2:.1f}H{1:.1f}M{0:.1f} {3:.1f}v8M{1:.1f} "
        "{3:.1f}v8\"/>",
        low, high, middle, middle - 4);
  }

  const BarChart& chart_;
  const Drawing& drawing_;
  const Wording& words_;
  double left_ = 0, row_ = 0, bottom_ = 0, reach_ = 1, scale_ = 1;
  std::string out_;
};

}  // namespace

double tick_step(double largest) {
  constexpr int kTicks = 5;
  const double raw = largest / kTicks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double step : {1.0, 2.0, 5.0})
    if (raw <= step * power) return step * power;
  return 10 * power;
}

std::string tick_text(double value, const Wording& words) {
  return value != 0 && std::fabs(value) < 1e-3 ? words.number(value) : words.plain(value);
}

std::string svg_begin(const std::string& id, const std::string& title,
                      const std::string& description, double width, double height) {
  return fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-labelledby=\"{}-t {}-d\">"
      "<title id=\"{}-t\">{}</title><desc id=\"{}-d\">{}</desc>",
      width, height, id, id, id, escape_html(title), id, escape_html(description));
}

std::string svg_label(double x, double y, const char* anchor, const std::string& label,
                      const std::string& sublabel) {
  return fmt::format(
      "<text class=\"lab\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"><tspan class=\"mode\">{}"
      "</tspan> <tspan class=\"dim\">{}</tspan></text>",
      x, y, anchor, escape_html(one_line(label)), escape_html(one_line(sublabel)));
}

std::string draw(const BarChart& chart, const Drawing& drawing, const Wording& words) {
  return BarDrawing(chart, drawing, words).svg();
}

}  // namespace nety::reports
