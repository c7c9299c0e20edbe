// Scatter plots and line charts.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "reports/escape.h"
#include "reports/svg.h"

namespace nety::reports {
namespace {

constexpr double kTop = 14, kBottom = 44, kLeft = 62, kLabelHeight = 16;

/// One axis: maps values to coordinates, logarithmic or linear from zero.
class Scale {
 public:
  Scale(bool logarithmic, double low, double high, double from, double to)
      : logarithmic_(logarithmic), from_(from), to_(to) {
    if (logarithmic) {
      low_ = std::floor(std::log10(low) - 0.05);
      high_ = std::ceil(std::log10(high) + 0.05);
      // Where a whole decade would be mostly empty, the axis begins or ends inside it.
      if (std::log10(low) - low_ > 0.6) low_ += std::log10(3);
      if (high_ - std::log10(high) > 0.6) high_ -= 1 - std::log10(3);
    } else {
      low_ = 0;
      step_ = tick_step(high);
      high_ = step_ * std::ceil(high / step_ * 1.02);
    }
  }

  double at(double value) const {
    const double place = logarithmic_ ? std::log10(value) : value;
    return from_ + (to_ - from_) * (place - low_) / (high_ - low_);
  }

  std::vector<double> ticks() const {
    std::vector<double> out;
    if (!logarithmic_) {
      for (double tick = 0; tick <= high_ * 1.0001; tick += step_) out.push_back(tick);
      return out;
    }
    const bool dense = high_ - low_ < 2.5;
    for (double decade = std::floor(low_); decade <= high_; decade += 1)
      for (const double part : {1.0, 2.0, 5.0}) {
        const double place = decade + std::log10(part);
        if (part > 1 && !dense) continue;
        if (place >= low_ - 1e-9 && place <= high_ + 1e-9) out.push_back(std::pow(10, place));
      }
    return out;
  }

 private:
  bool logarithmic_;
  double from_, to_, low_ = 0, high_ = 1, step_ = 1;
};

struct Extent {
  double low = INFINITY, high = -INFINITY;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// Axes with their grid and titles.
std::string axes(const Scale& x, const Scale& y, const Axis& x_axis, const Axis& y_axis,
                 double right, double bottom, const Wording& words) {
  std::string out;
  for (const double tick : x.ticks())
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"axis\" x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>",
        x.at(tick), kTop, bottom, bottom + 16, tick_text(tick, words));
  for (const double tick : y.ticks())
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"axis\" x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        kLeft, right, y.at(tick), kLeft - 8, y.at(tick) + 4, tick_text(tick, words));
  out += fmt::format("<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                     right, bottom + 36, escape_html(x_axis.title));
  out += fmt::format("<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", 2.0, kTop - 3,
                     escape_html(y_axis.title));
  return out;
}

/// A label's place. free_place() moves it down until it covers no other.
struct Placed {
  double x, y, width;
};

double free_place(std::vector<Placed>& taken, double x, double y, double width) {
  for (bool moved = true; moved;) {
    moved = false;
    for (const Placed& other : taken)
      if (x < other.x + other.width && other.x < x + width &&
          std::fabs(y - other.y) < kLabelHeight) {
        y = other.y + kLabelHeight + 0.5;  // beyond rounding: it must not be "too close" again
        moved = true;
      }
  }
  taken.push_back({x, y, width});
  return y;
}

double width_of_label(const std::string& label, const std::string& sublabel) {
  return 7.2 * static_cast<double>(width_of(label) + 1 + width_of(sublabel));
}

std::string marker(double x, double y, bool other, const std::string& style) {
  // Shapes differ as well as colours: circles are ours, squares are other engines'.
  if (other)
    return fmt::format(
        "<rect class=\"point other{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"11\" "
        "height=\"11\">",
        style, x - 5.5, y - 5.5);
  return fmt::format("<circle class=\"point{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6.5\">", style, x,
                     y);
}

}  // namespace

std::string draw(const PointChart& chart, const Drawing& drawing, const Wording& words) {
  const double right = drawing.width - 12, bottom = (drawing.labels_above ? 330 : 380) - kBottom;
  Extent x_extent, y_extent;
  for (const PointChart::Point& point : chart.points) {
    x_extent.add(point.x);
    y_extent.add(point.y);
  }
  if (chart.limit) y_extent.add(*chart.limit);
  // Small y is good, so it is at the top.
  const Scale x(chart.x.logarithmic, x_extent.low, x_extent.high, kLeft, right - 60);
  const Scale y(chart.y.logarithmic, y_extent.low, y_extent.high, kTop + 6, bottom);
  std::string out = svg_begin(chart.id + "-" + drawing.suffix, chart.title, chart.description,
                              drawing.width, bottom + kBottom);
  if (chart.limit)
    out += fmt::format(
        "<rect class=\"beyond\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/>",
        kLeft, y.at(*chart.limit), right - kLeft, bottom - y.at(*chart.limit));
  out += axes(x, y, chart.x, chart.y, right, bottom, words);
  std::vector<Placed> taken;
  if (chart.limit) {
    const double at = y.at(*chart.limit);
    out += fmt::format(
        "<line class=\"limit\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" "
        "y2=\"{:.1f}\"/><text class=\"limitlab\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
        kLeft, right, at, at, kLeft + 6, at + 15, escape_html(chart.limit_name));
    taken.push_back({kLeft + 6, at + 15, 7.2 * static_cast<double>(width_of(chart.limit_name))});
  }
  for (const PointChart::Point& point : chart.points)
    taken.push_back({x.at(point.x) - 7, y.at(point.y) + 4.5, 14});
  for (const PointChart::Point& point : chart.points) {
    const double px = x.at(point.x), py = y.at(point.y);
    if (point.x_interval && point.x_interval->first > 0)
      out += fmt::format("<path class=\"ci thin\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>",
                         x.at(point.x_interval->first), py, x.at(point.x_interval->second));
    out += marker(px, py, point.other,
                  std::string(point.dimmed ? " dominated" : "") + (point.marked ? " choice" : ""));
    out += fmt::format("<title>{} {}: {}</title></{}>", escape_html(one_line(point.label)),
                       escape_html(one_line(point.sublabel)), escape_html(one_line(point.text)),
                       point.other ? "rect" : "circle");
    const double width = width_of_label(point.label, point.sublabel);
    const bool flip = px + 12 + width > drawing.width;
    const double from = flip ? px - 12 - width : px + 12;
    const double place = free_place(taken, from, py + 4.5, width);
    out += svg_label(flip ? px - 12 : px + 12, place, flip ? "end" : "start", point.label,
                     point.sublabel);
  }
  return out + "</svg>\n";
}

std::string draw(const LineChart& chart, const Drawing& drawing, const Wording& words) {
  const double room = drawing.labels_above ? 96 : 130;
  const double right = drawing.width - room, bottom = (drawing.labels_above ? 280 : 320) - kBottom;
  Extent x_extent, y_extent;
  for (const LineChart::Line& line : chart.lines)
    for (const LineChart::Point& point : line.points) {
      x_extent.add(point.x);
      y_extent.add(point.interval ? point.interval->second : point.y);
    }
  const Scale x(false, 0, std::max(x_extent.high, 1.0), kLeft, right);
  const Scale y(false, 0, std::max(y_extent.high, 1e-9), bottom, kTop + 6);
  std::string out = svg_begin(chart.id + "-" + drawing.suffix, chart.title, chart.description,
                              drawing.width, bottom + kBottom);
  out += axes(x, y, chart.x, chart.y, right, bottom, words);
  std::vector<Placed> taken;
  for (const LineChart::Line& line : chart.lines) {
    std::string path;
    const char* const style = line.other ? " other" : "";
    for (const LineChart::Point& point : line.points)
      path +=
          fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x.at(point.x), y.at(point.y));
    out += fmt::format("<path class=\"line{}\" d=\"{}\"/>", style, path);
    for (const LineChart::Point& point : line.points) {
      if (point.interval)
        out +=
            fmt::format("<path class=\"ci thin\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/>", x.at(point.x),
                        y.at(point.interval->first), y.at(point.interval->second));
      out += marker(x.at(point.x), y.at(point.y), line.other, "");
      out += fmt::format("<title>{} {} @ {}: {}</title></{}>", escape_html(one_line(line.label)),
                         escape_html(one_line(line.sublabel)), words.number(point.x),
                         words.number(point.y), line.other ? "rect" : "circle");
    }
    const LineChart::Point& last = line.points.back();
    const double from = x.at(last.x) + 12;
    const double place =
        free_place(taken, from, y.at(last.y) + 4.5, width_of_label(line.label, line.sublabel));
    out += svg_label(from, place, "start", line.label, line.sublabel);
  }
  return out + "</svg>\n";
}

}  // namespace nety::reports
